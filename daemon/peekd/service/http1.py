"""hypercorn's HTTP/1.1 as this daemon can live with it: no upgrades, and h11 where a request is unusual."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol, cast
from urllib.parse import unquote

import h11
import trio
from hypercorn.events import Closed, RawData
from hypercorn.protocol.events import Body, Event, Response
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import HTTPScope
from typing_extensions import override

from peekd.service.exchange import Exchange, Tasks
from peekd.service.lane import Lane, chunk
from peekd.service.usual import Head
from peekd.service.wire import Piece, Wire

_BAD_REQUEST = 400
_ASGI = {"spec_version": "2.1", "version": "3.0"}


class Pause:
    """Where the reader waits while a client has sent more than one request at a time.

    It takes nothing then, and would not see the client go; so what comes is read ahead here, within bounds.
    """

    __slots__ = ("_event", "_read_ahead")

    def __init__(self, read_ahead: Callable[[], Awaitable[None]]) -> None:
        self._read_ahead = read_ahead
        self._event: trio.Event | None = None
        """None while the door has never been closed: most clients never have it closed."""

    def shut(self) -> None:
        """Close the door."""
        self._event = trio.Event()

    def open(self) -> None:
        """Open it."""
        if self._event is not None:
            self._event.set()

    async def wait(self) -> None:
        """Wait until it opens, reading ahead meanwhile."""
        if self._event is None:
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read_ahead)
            await self._event.wait()
            nursery.cancel_scope.cancel()


class Rest(Protocol):
    """Hears when a connection has a request to answer, and when it is idle again."""

    def __call__(self, *, idle: bool) -> None:
        """It is from now on."""
        ...


class Http1(H11Protocol):
    """hypercorn's HTTP/1.1 without its upgrades: whoever asks for one is answered as if it had not."""

    lane: Lane
    wire: Wire
    tasks: Tasks
    pause: Pause
    exchange: Exchange | None = None
    keep_alive_requests: int
    write: Callable[[bytes], Awaitable[None]]
    """Sends what goes the short way, or holds it for what follows."""
    rest: Rest

    # ---- what the client says ----

    async def hear(self, data: bytes) -> None:
        """Take what has come."""
        self.wire.receive_data(data)
        await self._handle_events()

    async def close(self) -> None:
        """Let go of the request that there is: its client has gone, or has its answer."""
        if self.exchange is not None:
            await self.exchange.leave()
            self.exchange = None

    @override
    async def _handle_events(self) -> None:
        while True:
            try:
                event = self.wire.next_event()
            except h11.RemoteProtocolError as error:
                await self._refuse(error.error_status_hint)
                return
            if isinstance(event, Head):
                self._begin(event.method, "1.1", event.target, event.headers)
            elif isinstance(event, h11.Request):
                await self._create_stream(event)
            elif event is h11.PAUSED:
                self.pause.shut()
                await self.pause.wait()
            elif event is h11.NEED_DATA or self.exchange is None:
                return
            elif isinstance(event, Piece):
                await self.exchange.hear(event.data, more=event.more)
            elif isinstance(event, h11.Data):
                await self.exchange.hear(bytes(event.data), more=True)
            elif isinstance(event, h11.EndOfMessage):
                await self.exchange.hear(b"", more=False)
            else:
                return

    async def _refuse(self, status: int) -> None:
        if self.wire.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            await self._send_error_response(status)
        await self.send(Closed())

    @override
    async def _create_stream(self, request: h11.Request) -> None:
        if _is_ambiguous(request):
            self.rest(idle=False)
            await self._refuse(_BAD_REQUEST)
            return
        authority, target = _parted(request.target)
        headers = [
            (name, authority if authority and name == b"host" else value) for name, value in request.headers
        ]
        self._begin(request.method.upper(), request.http_version.decode(), target, headers)
        if self.wire.they_are_waiting_for_100_continue:
            await self._send_h11_event(h11.InformationalResponse(status_code=100, headers=[]))

    def _begin(self, method: bytes, version: str, target: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self.rest(idle=False)
        self.lane.renew()
        path, _, query = target.partition(b"?")
        scope = {
            "type": "http",
            "http_version": version,
            "asgi": _ASGI,
            "method": method.decode(),
            "scheme": "http",
            "path": unquote(path.decode()),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": headers,
            "client": self.client,
            "server": self.server,
            "state": self.connection_state.copy(),
            "extensions": {},
        }
        self.exchange = Exchange(self, cast("HTTPScope", scope))
        self.tasks.serve(self.exchange)
        self.keep_alive_requests += 1

    # ---- what is said to it ----

    @property
    def is_last(self) -> bool:
        """Whether the answer must say that no other request will be taken.

        So it is where some of the request is still to come, which is thrown away.
        """
        exhausted = self.keep_alive_requests >= self.config.keep_alive_max_requests
        return exhausted or self.wire.their_state is h11.SEND_BODY

    @override
    async def stream_send(self, event: Event) -> None:
        """Send what is not usual. A chunk is framed here: h11 is told where bodies begin and end, no more."""
        if self.lane.open and isinstance(event, Body):
            await self.send(RawData(chunk(event.data)))
            return
        self.lane.open = False
        if isinstance(event, Response) and self.wire.their_state is h11.SEND_BODY:
            event = replace(event, headers=[*event.headers, (b"connection", b"close")])
        if isinstance(event, Response) and _has_length(event):
            self.lane.hold()  # the body is there, and goes out with the head
        await super().stream_send(event)
        if isinstance(event, Response):
            self.lane.open = self._is_chunked(event)
            if self.exchange is not None:
                self.exchange.forget()

    def _is_chunked(self, response: Response) -> bool:
        """Whether h11 frames this answer's body in chunks (RFC 9112 sections 6.1 and 6.3)."""
        if self.wire.our_state is not h11.SEND_BODY or self.wire.their_http_version != b"1.1":
            return False
        return not _has_length(response)

    @override
    async def _maybe_recycle(self) -> None:
        await self.recycle()

    async def recycle(self) -> None:
        """The answer is over, or has broken off: take the next request where there may be one."""
        await self.close()
        again = self.wire.our_state is h11.DONE and self.wire.their_state is h11.DONE
        if again:
            self.wire.start_next_cycle()
        self.pause.open()
        if again:
            self.rest(idle=True)
        else:
            await self.send(Closed())


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
