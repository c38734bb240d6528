"""One request and its answer, as its app hears and says it. What is usual goes past hypercorn."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, cast

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.protocol.events import Body, EndBody
from hypercorn.protocol.h11 import STREAM_ID
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream
from hypercorn.typing import ASGIReceiveCallable, ASGISendEvent, HTTPResponseStartEvent, HTTPScope
from typing_extensions import override

from peekd.records.entries import ERROR, Entry, Journal
from peekd.service.inbox import Inbox
from peekd.service.lane import chunk

if TYPE_CHECKING:
    from peekd.service.http1 import Http1

_REQUEST, _RESPONSE, _CLOSED = ASGIHTTPState.REQUEST, ASGIHTTPState.RESPONSE, ASGIHTTPState.CLOSED
"""Named once: until Python 3.12 an enum looks a member up as if it might not have it."""


class Exchange(HTTPStream):
    """hypercorn's own, which logs nothing and holds neither the request's head nor the answer's."""

    start_time = 0.0  # only an access log would want to know

    def __init__(self, http: Http1, scope: HTTPScope) -> None:
        super().__init__(
            http.app,
            http.config,
            http.context,
            http.task_group,
            http.ssl,
            http.client,
            http.server,
            http.stream_send,
            STREAM_ID,
        )
        self.scope = scope
        self.inbox = Inbox(http.config.max_app_queue_size)
        self._http = http
        self._answered = False
        self._usual = False
        """An answer is under way that was begun on the short way."""

    # ---- what the client says ----

    async def hear(self, body: bytes, *, more: bool) -> None:
        """Take a piece of the request's body, which may be empty; waits while the app has many to take."""
        if not (self._answered or self.closed):
            await self.inbox.put({"type": "http.request", "body": body, "more_body": more})

    async def leave(self) -> None:
        """Hear that there is no client any more, or that it has its answer.

        After the last byte the app wants neither the rest of a body nor word that the client is gone:
        Quart-Trio would cancel the very task that still has the connection to put in order.
        """
        self.closed = True
        if not self._answered:
            await self.inbox.put({"type": "http.disconnect"})

    # ---- what the app says ----

    @override
    async def app_send(self, message: ASGISendEvent | None) -> None:
        """Say something to the client; None: the app has ended."""
        if message is None:
            if self.closed:
                return
        elif message["type"] == "http.response.body":
            self._answered = not message.get("more_body", False)
            if self._usual:
                await self._pass(message.get("body", b""))
                return
        elif message["type"] == "http.response.start" and await self._begin(message):
            return
        await super().app_send(message)

    async def _begin(self, message: HTTPResponseStartEvent) -> bool:
        http = self._http
        if self.state is not _REQUEST or http.is_last or message.get("trailers"):
            return False
        head = http.wire.begin(message["status"], list(message.get("headers", ())))
        if head is None:
            return False
        chunked = http.wire.chunked
        if not chunked:
            http.lane.hold()  # the body is there, and goes out with the head
        await http.write(head)
        http.lane.open = chunked
        self.state, self._usual = _RESPONSE, True
        self.forget()
        return True

    async def _pass(self, body: bytes) -> None:
        http = self._http
        if body:
            data = chunk(body) if http.lane.open else http.wire.piece(body)
            if data is None:
                await self.send(Body(stream_id=STREAM_ID, data=body))
            else:
                await http.write(data)
        if self._answered:
            await self._send_closed()

    @override
    async def _send_closed(self) -> None:
        http, self._usual = self._http, False
        end = http.wire.end()
        if end is None:
            await self.send(EndBody(stream_id=STREAM_ID))
        else:
            http.lane.open = False
            await http.write(end)
        self.state = _CLOSED
        await http.recycle()

    def forget(self) -> None:
        """Hold neither the request's head nor the answer's, which hypercorn keeps for an access log."""
        scope = cast("dict[str, object]", self.scope)
        method, version = scope["method"], scope["http_version"]
        scope.clear()  # of which hypercorn looks at two things still
        scope.update(method=method, http_version=version)
        if hasattr(self, "response"):  # an error of hypercorn's own has none, nor has the short way
            self.response["headers"] = []


class Tasks:
    """Where the apps run: they can neither block the reader nor take it down."""

    __slots__ = ("_journal", "_nursery")

    def __init__(self, nursery: trio.Nursery, journal: Journal) -> None:
        self._nursery = nursery
        self._journal = journal

    def serve(self, exchange: Exchange) -> None:
        """Have a request's app run."""
        self._nursery.start_soon(self._serve, exchange)

    async def _serve(self, exchange: Exchange) -> None:
        inbox = exchange.inbox
        try:
            app = cast("ASGIWrapper", exchange.app).app  # the wrapper would only wait for what it holds
            await app(exchange.scope, cast("ASGIReceiveCallable", inbox), exchange.app_send)
        except BaseExceptionGroup as group:
            faults, rest = group.split(Exception)
            if faults is not None:
                told = "".join(traceback.format_exception(faults))
                self._journal(Entry(f"An answer broke off by a fault of peekd's own:\n{told}", ERROR))
            if rest is not None:
                raise rest from None
        finally:
            inbox.close()
        await exchange.app_send(None)
