"""The HTTP face in front of a playhouse: in memory under a virtual clock, or on loopback sockets."""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import Any, cast

import msgspec
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework
from playhouse import HELLO, Playhouse

from peekd.protocols.registry import CLIENTS
from peekd.records.entries import Entry
from peekd.relay.journey import Journey
from peekd.service.connection import Connection, Terms
from peekd.service.guard import GuardedServer, Limits
from peekd.serving.app import Front
from peekd.serving.behind import Fittings
from peekd.serving.exposition import Exposition
from peekd.serving.ingress import compile_access
from peekd.serving.settings import ServerSettings
from peekd.simulator.streams import MemoryStream, open_pair

PATIENCE = 200
"""Seconds, on the virtual clock: longer than a body may take, shorter than a connection may stay idle."""


class _Socket:
    """As much of a socket as a connection touches."""

    def __init__(self, stream: MemoryStream) -> None:
        self._stream = stream

    async def send(self, data: bytes | memoryview) -> int:
        await self._stream.send_all(bytes(data))
        return len(data)

    def send_nowait(self, data: bytes) -> int:
        try:
            return self._stream.send_nowait(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as fault:
            raise ConnectionResetError(str(fault)) from fault

    @property
    def family(self) -> int:
        return socket.AF_INET

    def getpeername(self) -> tuple[str, int]:
        return ("127.0.0.1", 50000)

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 8045)


class _SocketStream:
    """A stream in memory that looks like one on a socket."""

    def __init__(self, stream: MemoryStream) -> None:
        self.socket = _Socket(stream)
        self.receive_some = stream.receive_some
        self.send_eof = stream.send_eof
        self.aclose = stream.aclose


class Phases:
    """Tells when a request reaches a phase, by its journal entries."""

    def __init__(self, house: Playhouse) -> None:
        self._journal = house.house.journal
        self._reached: defaultdict[str, trio.Event] = defaultdict(trio.Event)
        house.house.journal = self._note

    def _note(self, entry: Entry) -> None:
        self._journal(entry)
        self._reached[entry.phase].set()

    async def wait(self, phase: str) -> None:
        """Wait for the first entry of this phase, and until nothing more happens by itself."""
        await self._reached[phase].wait()
        await trio.testing.wait_all_tasks_blocked()


class Caller:
    """A client of few words: sends one request, reads raw bytes."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.got = b""

    async def ask(self, body: Mapping[str, Any] = HELLO, *, stream: bool = True) -> None:
        """Send a request, and do not wait."""
        raw = msgspec.json.encode({**body, "stream": stream})
        head = (
            "POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            f"content-length: {len(raw)}\r\n\r\n"
        )
        await self.stream.send_all(head.encode() + raw)

    async def read_until(self, mark: bytes) -> None:
        """Read on until `mark` has come."""
        while mark not in self.got:
            piece = await self.stream.receive_some(65536)
            assert piece, f"closed after {self.got[-300:]!r}"
            self.got += piece

    async def leave(self) -> None:
        """Close, as a client does that is not interested any more."""
        await self.stream.aclose()


def front_of(house: Playhouse) -> Front:
    """The app that serves this house."""
    numbers = count(1)
    access = compile_access(ServerSettings(), bound=["127.0.0.1"], client_keys={}, admin_keys={})
    fittings = Fittings(
        house=house.house,
        protocols=CLIENTS,
        open_trip=partial(Journey, house.house),
        journal=house.entries.append,
        fresh_id=lambda: f"req_{next(numbers)}",
        wall=lambda: 0.0,
        settings=ServerSettings,
        metrics=Exposition(house.house, "0").page,
    )
    return Front(fittings, access, ServerSettings())


@asynccontextmanager
async def open_caller(house: Playhouse) -> AsyncGenerator[Caller]:
    """A client whose connection lies in memory."""
    ours, theirs = open_pair()
    app = cast("ASGIFramework", front_of(house))
    terms = Terms(ASGIWrapper(app), Config(), WorkerContext(None), house.entries.append, 30.0, 300.0, 15.0)
    async with trio.open_nursery() as nursery:
        connection = Connection(cast("trio.SocketStream", _SocketStream(theirs)), terms, lambda: False)
        nursery.start_soon(connection.run)
        try:
            yield Caller(ours)
        finally:
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_socket_caller(house: Playhouse) -> AsyncGenerator[Caller]:
    """A client on a loopback socket, of a server that listens on one."""
    server = GuardedServer(cast("ASGIFramework", front_of(house)), house.entries.append)
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve, listeners)
        port: int = listeners[0].socket.getsockname()[1]
        try:
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                yield Caller(stream)
        finally:
            server.abort()


class _Listener:
    """Gives the server its ends of connections in memory."""

    def __init__(self, waiting: trio.MemoryReceiveChannel[trio.SocketStream]) -> None:
        self.accept = waiting.receive

    async def __aenter__(self) -> _Listener:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


Connect = Callable[[], Awaitable[trio.abc.HalfCloseableStream]]


@asynccontextmanager
async def open_door(
    house: Playhouse, limits: Limits | None = None
) -> AsyncGenerator[tuple[GuardedServer, Connect]]:
    """The whole server before this house, all in memory; what it gives connects one more client."""
    server = GuardedServer(cast("ASGIFramework", front_of(house)), house.entries.append, limits)
    give, take = trio.open_memory_channel[trio.SocketStream](1)

    async def connect() -> trio.abc.HalfCloseableStream:
        ours, theirs = open_pair()
        await give.send(cast("trio.SocketStream", _SocketStream(theirs)))
        return ours

    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve, [cast("trio.SocketListener", _Listener(take))])
        try:
            yield server, connect
        finally:
            server.abort()


async def send(stream: trio.abc.SendStream, raw: bytes) -> None:
    """Send as much as is taken."""
    try:
        await stream.send_all(raw)
    except trio.BrokenResourceError:
        return  # refused before it was all said


async def answer_to(connect: Connect, raw: bytes, *, leaves: bool = False) -> bytes:
    """Say all of it, and give what comes within some patience; or close as soon as it is said."""
    stream = await connect()
    got = b""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, stream, raw)
        with trio.move_on_after(0 if leaves else PATIENCE):
            while piece := await stream.receive_some(65536):
                got += piece
        if leaves:
            await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    await stream.aclose()
    await trio.testing.wait_all_tasks_blocked()
    return got


def statuses(got: bytes) -> str:
    """The statuses of the answers in a row."""
    return " ".join(answer[:3].decode() for answer in got.split(b"HTTP/1.1 ")[1:])
