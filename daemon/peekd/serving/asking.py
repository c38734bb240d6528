"""One HTTP request while it is served: what is known of its caller, and the nursery that it lives in."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from contextvars import Context, copy_context
from functools import cached_property, lru_cache
from typing import Any, Protocol, cast

import trio
from quart import Quart
from quart.utils import encode_headers
from quart.wrappers import Request, Response
from quart.wrappers.response import ResponseBody
from quart_trio.asgi import TrioASGIHTTPConnection
from quart_trio.wrappers import TrioRequest
from quart_trio.wrappers.request import TrioBody
from typing_extensions import override

from peekd.monitor.feed import Listener
from peekd.relay.delivery import LANE, Lane
from peekd.serving.callers import Caller
from peekd.serving.ingress import CREDENTIALS, Access, take_keys

Send = Callable[[Mapping[str, object]], Awaitable[None]]
"""ASGI's: hands a message to the server."""


class Stay:
    """What of a request holds until its answer is out; all the rest may be gone when that has begun."""

    __slots__ = ("held", "inside", "key", "listener")

    def __init__(self) -> None:
        self.inside = False
        """Whether the gate has counted it, and must be told when it leaves."""
        self.key = ""
        """For which client key the gate has counted it."""
        self.held = 0
        """The bytes that the gate has counted for its body."""
        self.listener: Listener | None = None
        """What it looks on with, where it asked for requests as they change."""


class Body(TrioBody):
    """A request's body, as far as it has come."""

    @property
    def complete(self) -> bool:
        """Whether all of it is here."""
        return self._complete.is_set()

    def take(self, message: Mapping[str, object]) -> None:
        """Take in what an `http.request` message brings."""
        self.append(cast("bytes", message.get("body", b"")))
        if not message.get("more_body", False):
            self.set_complete()


class Asking(TrioRequest):
    """A request with its nursery, filled in by `Connection` and then by the app as it learns more.

    The nursery is cancelled when the client goes, and right after the last byte of the answer. Work begun in
    it outlives the view that began it, and nothing else.
    """

    body_class = Body
    body: Body
    id: str = ""
    nursery: trio.Nursery
    outside: Context
    """What holds around Quart's own context of a request."""
    stay: Stay
    query_keys: tuple[str, ...] = ()
    access: Access
    """The rules that held when it came."""
    caller: Caller = Caller(None, loopback=False)
    key: str = ""
    """The name of the key that fitted, "" for none."""

    def begin(self, work: Callable[..., Awaitable[None]], *arguments: object) -> None:
        """Begin work in the nursery. Quart's context is not its own: that ends with the view."""
        self.outside.run(self.nursery.start_soon, work, *arguments)

    @property
    def _facts(self) -> Mapping[str, object]:
        return cast("Mapping[str, object]", self.scope)

    @cached_property
    def said(self) -> tuple[tuple[str, str], ...]:
        """The headers as the client sent them, names in lower case."""
        raw = cast("list[tuple[bytes, bytes]]", self._facts["headers"])
        return tuple((_name(name), value.decode("latin-1")) for name, value in raw)

    @property
    def passable(self) -> tuple[tuple[str, str], ...]:
        """The headers without what proves who the client is: its keys concern nobody behind this room."""
        return tuple(header for header in self.said if header[0] not in CREDENTIALS)

    @property
    def target(self) -> str:
        """The path with its query, the client key's parameter already removed."""
        path = cast("bytes", self._facts["raw_path"]).decode("latin-1")
        query = self.query_string.decode("latin-1")
        return f"{path}?{query}" if query else path

    async def whole_body(self) -> bytes:
        """Give the whole body, which is not kept. Raises werkzeug's RequestEntityTooLarge, RequestTimeout."""
        if self.body.complete:
            return b"".join([piece async for piece in self.body])  # never waits
        return await self.get_data(cache=False, as_text=False, parse_form_data=False)

    @property
    def lane(self) -> Lane | None:
        """The connection's short way to its socket, where the server has one."""
        state = cast("Mapping[str, object]", self._facts.get("state", {}))
        return cast("Lane | None", state.get(LANE))

    @property
    def peer(self) -> str | None:
        """The address at the other end of the connection, None for a local socket."""
        return _host(self._facts.get("client"))

    @property
    def local(self) -> str | None:
        """The address that the connection came in on."""
        return _host(self._facts.get("server"))


@lru_cache(maxsize=256)
def _name(name: bytes) -> str:
    """Give a header's name in lower case: the same string to every request that has it."""
    return name.decode("latin-1").lower()


def _host(end: object) -> str | None:
    if not isinstance(end, tuple | list) or not end:
        return None
    return str(cast("tuple[object, ...]", end)[0])


class Inbox(Protocol):
    """A server's `receive` that can also tell what has come, and when the client goes, nobody waiting."""

    def ready(self) -> Mapping[str, object] | None:
        """Give the next message if it has come."""
        ...

    def when_gone(self, tell: Callable[[], object]) -> None:
        """Give no more messages: only call `tell` when the client has gone."""
        ...


class Leavable(Protocol):
    """An app that wants to know when a request is over, sent or not."""

    def leave(self, stay: Stay) -> None:
        """Forget the request."""
        ...


class Connection(TrioASGIHTTPConnection):
    """Quart-Trio's own, which also hands the request its nursery and takes client keys out of the query."""

    def __init__(self, app: Quart, scope: Mapping[str, object]) -> None:
        self._query_keys, rest = take_keys(cast("bytes", scope["query_string"]))
        super().__init__(app, cast("Any", {**scope, "query_string": rest}))

    @override
    async def __call__(self, receive: Any, send: Any) -> None:
        """Serve one request in the task that it came in; Quart-Trio would start two more.

        What has come of the body is taken in before; where that is all, nobody need listen. No time limit of
        Quart's is looked at: silence has deadlines elsewhere, and a long answer has none.
        """
        asking = cast("Asking", self._create_request_from_scope(send))
        inbox = _inbox_of(receive)
        if inbox is not None and not _take_in(asking.body, inbox):
            return
        stay = asking.stay = Stay()
        asking.query_keys, asking.outside = self._query_keys, copy_context()
        async with trio.open_nursery() as nursery:
            asking.nursery = nursery
            if inbox is not None and asking.body.complete:
                inbox.when_gone(nursery.cancel_scope.cancel)
            else:
                nursery.start_soon(self.handle_messages, nursery, asking, receive)
            try:
                body = await _send_head(send, cast("Response", await self.app.handle_request(asking)))
                # An answer may take long, and what asked for it is not needed any more.
                self.scope = cast("Any", {})
                del asking
                async with body:
                    async for chunk in cast("AsyncIterable[bytes]", body):
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                        del chunk  # or it would be held until there is another
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            finally:
                cast("Leavable", self.app).leave(stay)
            nursery.cancel_scope.cancel()

    @override
    async def handle_messages(self, nursery: trio.Nursery, request: Request, receive: Any) -> None:
        """Take the body in, and end the request when its client goes; nobody waits for that if told."""
        body, inbox = cast("Asking", request).body, _inbox_of(receive)
        while inbox is None or not body.complete:
            message = await receive()
            if message["type"] == "http.disconnect":
                nursery.cancel_scope.cancel()
                return
            body.take(message)
        inbox.when_gone(nursery.cancel_scope.cancel)


async def _send_head(send: Send, response: Response) -> ResponseBody:
    """Send status and headers; gives the body that is to follow, and holds on to no more of the answer."""
    headers = encode_headers(response.headers)
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    return response.response


def _inbox_of(receive: object) -> Inbox | None:
    return cast("Inbox", receive) if hasattr(receive, "when_gone") else None


def _take_in(body: Body, receive: Inbox) -> bool:
    """Take in what has come; False where the client is gone already."""
    while (message := receive.ready()) is not None:
        if message["type"] == "http.disconnect":
            return False
        body.take(message)
    return True
