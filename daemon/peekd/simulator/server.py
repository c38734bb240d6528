"""The embedded upstream: HTTP/1.1 on any trio stream, in memory or on a real socket, playing a script."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h11
import trio

from peekd.simulator.acts import Act
from peekd.simulator.asked import Asked, read_asked
from peekd.simulator.script import Prompter, Script
from peekd.simulator.stage import Break, Pause, perform
from peekd.simulator.streams import MemoryStream, open_pair
from peekd.simulator.strict import Strict
from peekd.simulator.tokens import PATH, Desk, read_token_request

_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_MAX_HEAD = 256 * 1024
_MAX_AHEAD = 1024 * 1024  # of what a client sends before it has its answer


@dataclass(eq=False)
class Seen:
    """One request as it came, and what became of it. Times are trio's.

    `closed_at`: when the peer closed (or half-closed, or reset) before the answer was out; None: it did not.
    `finished_at`: when the last byte was out, or the script's own break came.
    """

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    asked: Asked
    act: Act
    arrived_at: float
    closed_at: float | None = None
    finished_at: float | None = None
    over: trio.Event = field(default_factory=trio.Event)

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.asked.path

    @property
    def key(self) -> str:
        """The credential, however it came."""
        return self.asked.key

    def header(self, name: str) -> str | None:
        """Give the first header of that name (lower case), if it came."""
        return next((value for key, value in self.headers if key == name), None)


class Simulator:
    """An upstream that plays `script`. Keeps every request in `requests`, in the order they came.

    `nursery` is where connections made by `dial` are served; `serve_tcp` and `serve_stream` need none.
    """

    def __init__(self, script: Script, *, nursery: trio.Nursery | None = None) -> None:
        self.requests: list[Seen] = []
        self.connections = 0
        """How many were ever made."""
        self.open_connections = 0
        self._prompter = Prompter(script)
        self._strict = Strict() if script.strict else None
        self._nursery = nursery
        self._desk = Desk()

    async def dial(self, host: str, port: int) -> trio.abc.Stream:
        """Connect: give the client's end of a connection in memory. Host and port are taken for granted."""
        del host, port
        if self._nursery is None:
            raise RuntimeError("a simulator needs a nursery to be dialled")
        client, server = open_pair()
        self._nursery.start_soon(self.serve_stream, server)
        await trio.lowlevel.checkpoint()
        return client

    async def serve_tcp(
        self,
        host: str,
        port: int,
        *,
        task_status: trio.TaskStatus[list[trio.SocketListener]] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve on a real socket until cancelled; port 0: any. Gives its listeners once it has them."""
        listeners = await trio.open_tcp_listeners(port, host=host)
        await trio.serve_listeners(self.serve_stream, listeners, task_status=task_status)

    async def serve_stream(self, stream: trio.abc.HalfCloseableStream) -> None:
        """Serve one connection to its end."""
        self.connections += 1
        self.open_connections += 1
        try:
            async with stream:
                await _Connection(stream, self).serve()
        finally:
            self.open_connections -= 1

    def note(self, request: h11.Request, body: bytes) -> Seen:
        """Write a request down and choose its act."""
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers]
        method, target = request.method.decode("ascii"), request.target.decode("latin-1")
        number, now = len(self.requests) + 1, trio.current_time()
        if method == "POST" and target == PATH:
            asked, refusal = read_token_request(target, body, number), None
        else:
            asked, refusal = self._desk.known(read_asked(method, target, dict(headers), body, number), now)
        act = refusal or self._act(asked, body)
        asked = self._desk.issue(asked, act, now)
        seen = Seen(method, target, headers, body, asked, act, now)
        self.requests.append(seen)
        return seen

    def _act(self, asked: Asked, body: bytes) -> Act:
        """Choose the act; a request that breaks a rule takes none of the script's."""
        refusal = self._strict.refusal(asked, body) if self._strict is not None else None
        if refusal is not None:
            return refusal
        act = self._prompter.next_act(asked)
        if self._strict is not None:
            self._strict.note(asked, act)
        return act


@asynccontextmanager
async def open_simulator(script: Script) -> AsyncGenerator[Simulator]:
    """Run a simulator that can be dialled; leaving ends its connections."""
    async with trio.open_nursery() as nursery:
        try:
            yield Simulator(script, nursery=nursery)
        finally:
            nursery.cancel_scope.cancel()


class _Connection:
    """One connection: request after request, each answered by its act."""

    def __init__(self, stream: trio.abc.HalfCloseableStream, simulator: Simulator) -> None:
        self._stream = stream
        self._simulator = simulator
        self._ahead = b""

    async def serve(self) -> None:
        """Answer until the peer or an act ends it."""
        try:
            while (found := await self._receive()) is not None:
                if not await self._answer(self._simulator.note(*found)):
                    return
        except trio.BrokenResourceError:
            return  # the peer is gone; what that meant for a request stands in its `Seen`

    async def _receive(self) -> tuple[h11.Request, bytes] | None:
        """Read one request; None: the peer closed instead, or sent what is none."""
        try:
            return await self._parse()
        except h11.RemoteProtocolError:
            await self._stream.send_all(_BAD_REQUEST)
            return None

    async def _parse(self) -> tuple[h11.Request, bytes] | None:
        """Read one request, with a parser that need not know of the answer; None: the peer closed instead."""
        parser = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
        if self._ahead:
            parser.receive_data(self._ahead)
        request: h11.Request | None = None
        body: list[bytes] = []
        while True:
            match parser.next_event():
                case h11.Request() as request:
                    pass
                case h11.Data() as data:
                    body.append(bytes(data.data))
                case h11.EndOfMessage() if request is not None:
                    self._ahead = parser.trailing_data[0]
                    return request, b"".join(body)
                case h11.ConnectionClosed():
                    return None
                case _:
                    if parser.they_are_waiting_for_100_continue:
                        await self._stream.send_all(_CONTINUE)
                    parser.receive_data(bytes(await self._stream.receive_some(65536)))

    async def _answer(self, seen: Seen) -> bool:
        """Play the act while watching the peer; give whether the connection can serve another request."""
        fit = False
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._watch, seen, nursery.cancel_scope)
                try:
                    fit = await self._play(seen)
                except trio.BrokenResourceError:
                    _note_close(seen)
                nursery.cancel_scope.cancel()
        finally:
            seen.over.set()
        return fit

    async def _watch(self, seen: Seen, scope: trio.CancelScope) -> None:
        """Notice the peer's close at once; keep what it sends ahead."""
        while len(self._ahead) < _MAX_AHEAD:
            try:
                data = await self._stream.receive_some(65536)
            except trio.ClosedResourceError:
                return  # the script tore the connection down
            except trio.BrokenResourceError:
                data = b""
            if not data:
                _note_close(seen)
                scope.cancel()
                return
            self._ahead += data

    async def _play(self, seen: Seen) -> bool:
        for step in perform(seen.act, seen.asked):
            match step:
                case bytes():
                    await self._stream.send_all(step)
                case Pause(seconds):
                    await trio.sleep(seconds)
                case Break(how):
                    seen.finished_at = trio.current_time()
                    if how == "reset":
                        _reset(self._stream)
                    return False
        seen.finished_at = trio.current_time()
        return True


def _note_close(seen: Seen) -> None:
    if seen.closed_at is None and seen.finished_at is None:
        seen.closed_at = trio.current_time()


def _reset(stream: trio.abc.HalfCloseableStream) -> None:
    """Tear the connection down; on a socket by closing it without linger, which sends RST."""
    if isinstance(stream, MemoryStream):
        stream.reset()
    elif isinstance(stream, trio.SocketStream):
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
