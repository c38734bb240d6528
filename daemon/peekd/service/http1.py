"""hypercorn's HTTP/1.1 as this daemon can live with it: no upgrades, apps that can block nobody."""

from __future__ import annotations

import re
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import cast

import h11
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed, RawData
from hypercorn.protocol.events import Body, Event, Request, Response
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import AppWrapper, ASGIReceiveCallable, ASGIReceiveEvent, ASGISendEvent, Scope
from typing_extensions import override

from peekd.records.entries import ERROR, Entry, Journal
from peekd.service.inbox import Inbox
from peekd.service.lane import Lane, chunk

_BAD_REQUEST = 400

Put = Callable[[ASGIReceiveEvent], Awaitable[None]]
Send = Callable[[ASGISendEvent | None], Awaitable[None]]


class _Talk:
    """What a request's app hears and says."""

    __slots__ = ("_answered", "inbox", "send")

    def __init__(self, inbox: Inbox, send: Send) -> None:
        self.inbox = inbox
        self.send = send
        self._answered = False

    async def tell(self, message: ASGISendEvent | None) -> None:
        """Say something to the client."""
        if message is not None and message["type"] == "http.response.body":
            self._answered = not message.get("more_body", False)
        await self.send(message)

    async def put(self, event: ASGIReceiveEvent) -> None:
        """Hand over what the client says.

        After the last byte the app wants neither the rest of a body nor word that the client is gone:
        Quart-Trio would cancel the very task that still has the connection to put in order.
        """
        if not self._answered:
            await self.inbox.put(event)


class Tasks:
    """What hypercorn calls a task group; the apps in it can neither block the reader nor take it down."""

    __slots__ = ("_journal", "_nursery")

    def __init__(self, nursery: trio.Nursery, journal: Journal) -> None:
        self._nursery = nursery
        self._journal = journal

    async def spawn_app(self, app: AppWrapper, config: Config, scope: Scope, send: Send) -> Put:
        """Start an app on a request; gives what hands it the client's messages."""
        talk = _Talk(Inbox(config.max_app_queue_size), send)
        self._nursery.start_soon(self._serve, app, scope, talk)
        return talk.put

    async def _serve(self, app: AppWrapper, scope: Scope, talk: _Talk) -> None:
        inbox = talk.inbox
        try:
            if isinstance(app, ASGIWrapper):  # which would only wait for what it holds
                await app.app(scope, cast("ASGIReceiveCallable", inbox), talk.tell)
            else:
                await app(scope, inbox, talk.tell, trio.to_thread.run_sync, trio.from_thread.run)
        except BaseExceptionGroup as group:
            faults, rest = group.split(Exception)
            if faults is not None:
                told = "".join(traceback.format_exception(faults))
                self._journal(Entry(f"An answer broke off by a fault of peekd's own:\n{told}", ERROR))
            if rest is not None:
                raise rest from None
        finally:
            inbox.close()
        await talk.send(None)


class Pause:
    """Where hypercorn waits while a client has sent more than one request at a time.

    It stops reading then, and would not see the client go; so what comes is read ahead here, within bounds.
    """

    __slots__ = ("_event", "_read_ahead")

    def __init__(self, read_ahead: Callable[[], Awaitable[None]]) -> None:
        self._read_ahead = read_ahead
        self._event: trio.Event | None = None
        """None while the door has never been closed: most clients never have it closed."""

    async def clear(self) -> None:
        """Close the door."""
        self._event = trio.Event()

    async def set(self) -> None:
        """Open it."""
        if self._event is not None:
            self._event.set()

    def is_set(self) -> bool:
        """Whether it stands open."""
        return self._event is None or self._event.is_set()

    async def wait(self) -> None:
        """Wait until it opens, reading ahead meanwhile."""
        if self._event is None:
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read_ahead)
            await self._event.wait()
            nursery.cancel_scope.cancel()


class Http1(H11Protocol):
    """hypercorn's HTTP/1.1 without its upgrades: whoever asks for one is answered as if it had not."""

    lane: Lane

    @override
    async def stream_send(self, event: Event) -> None:
        """Send what the app says. A chunk is framed here: h11 is told where bodies begin and end, no more."""
        if self.lane.open and isinstance(event, Body):
            await self.send(RawData(chunk(event.data)))
            return
        self.lane.open = False
        if isinstance(event, Response) and self.connection.their_state is h11.SEND_BODY:
            headers = [*event.headers, (b"connection", b"close")]  # what is still to come is thrown away
            event = replace(event, headers=headers)
        if isinstance(event, Response) and _has_length(event):
            self.lane.hold()  # the body is there, and goes out with the head
        await super().stream_send(event)
        if isinstance(event, Response):
            self.lane.open = self._is_chunked(event)
            self._forget_heads()

    def _forget_heads(self) -> None:
        """Hold neither the request's head nor the answer's, which hypercorn keeps for an access log."""
        if isinstance(self.stream, HTTPStream):
            scope = cast("dict[str, object]", self.stream.scope)
            method, version = scope["method"], scope["http_version"]
            scope.clear()  # of which hypercorn looks at two things still
            scope.update(method=method, http_version=version)
            if hasattr(self.stream, "response"):  # an error of hypercorn's own has none
                self.stream.response["headers"] = []

    def _is_chunked(self, response: Response) -> bool:
        """Whether h11 frames this answer's body in chunks (RFC 9112 sections 6.1 and 6.3)."""
        wire = cast("h11.Connection", self.connection)
        if wire.our_state is not h11.SEND_BODY or wire.their_http_version != b"1.1":
            return False
        return not _has_length(response)

    @override
    async def _check_protocol(self, event: h11.Request) -> None:
        """Let HTTP/2, by upgrade or by assumption, be a request like any other."""

    @override
    async def _create_stream(self, request: h11.Request) -> None:
        if _is_ambiguous(request):
            await self._send_error_response(_BAD_REQUEST)
            await self.send(Closed())
            return
        self.lane.renew()
        authority, path = _parted(request.target)
        headers = [
            (name, authority if authority and name == b"host" else value) for name, value in request.headers
        ]
        self.stream = HTTPStream(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=headers,
                http_version=request.http_version.decode(),
                method=request.method.decode("ascii").upper(),
                raw_path=path,
                state=self.connection_state,
            )
        )
        self.keep_alive_requests += 1


def _has_length(response: Response) -> bool:
    return any(name.lower() == b"content-length" for name, _ in response.headers)


def _is_ambiguous(request: h11.Request) -> bool:
    """Tell a request with two lengths, which are how one is hidden in another (RFC 9112 section 6.3).

    Its connection must not be used again in any case; so it is not answered either.
    """
    return {b"content-length", b"transfer-encoding"} <= {name for name, _ in request.headers}


def _parted(target: bytes) -> tuple[bytes, bytes]:
    """Give host and path with query of a request target, in whichever form of RFC 9112 section 3.2 it came.

    A host that stands there, which only a target in absolute form has, goes before the Host header.

    >>> _parted(b"http://localhost:8045/v1/models?limit=1"), _parted(b"*"), _parted(b"/a//b")
    ((b'localhost:8045', b'/v1/models?limit=1'), (b'', b'/*'), (b'', b'/a//b'))
    """
    if target.startswith(b"/"):
        return b"", target
    scheme, mark, rest = target.partition(b"://")
    if mark and scheme.isalpha():
        authority = re.split(rb"[/?#]", rest, maxsplit=1)[0]
        path = rest[len(authority) :]
        return authority.rpartition(b"@")[2], path if path.startswith(b"/") else b"/" + path
    return b"", b"/" + target
