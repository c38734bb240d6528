from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio
from quart_trio import QuartTrio

from peekd.records.entries import Entry
from peekd.service.guard import GuardedServer, Limits

App = Callable[..., Any]
BOUND_SECONDS = 10  # a test that waits for an event gives up here; none takes as long


class Site:
    """A guarded server on loopback, and raw clients for it."""

    def __init__(self, server: GuardedServer, port: int, entries: list[Entry]) -> None:
        self.server, self.port, self.entries = server, port, entries
        self.ended = trio.Event()
        self._streams: list[trio.SocketStream] = []

    async def connect(self) -> trio.SocketStream:
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        self._streams.append(stream)
        return stream

    def close(self) -> None:
        for stream in self._streams:
            stream.socket.close()

    async def say(self, text: bytes) -> trio.SocketStream:
        stream = await self.connect()
        await stream.send_all(text)
        return stream


async def read_until(stream: trio.SocketStream, mark: bytes) -> bytes:
    got = bytearray()
    sought = 0
    while got.find(mark, sought) < 0:
        sought = max(0, len(got) - len(mark) + 1)
        data = await stream.receive_some()
        assert data, f"closed after {got!r}"
        got += data
    return bytes(got)


async def read_all(stream: trio.SocketStream) -> bytes:
    got = b""
    while data := await stream.receive_some():
        got += data
    return got


Opened = Callable[..., Any]


@pytest.fixture
def open_site() -> Opened:
    """Gives an async context manager: the app served under the limits given, aborted at the end."""

    @asynccontextmanager
    async def opened(app: QuartTrio, **limits: float) -> AsyncGenerator[Site, None]:
        entries: list[Entry] = []
        server = GuardedServer(app, entries.append, msgspec.convert(limits, Limits))
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        site = Site(server, listener.socket.getsockname()[1], entries)

        async def serve(task_status: trio.TaskStatus[None]) -> None:
            await server.serve([listener], task_status=task_status)
            site.ended.set()

        with trio.fail_after(BOUND_SECONDS):
            async with trio.open_nursery() as nursery:
                await nursery.start(serve)
                try:
                    yield site
                finally:
                    server.abort()
                    site.close()

    return opened


@pytest.fixture
def reading() -> Any:
    """The two ways to read: up to a mark, and to the end."""

    class Reading:
        until: Callable[[trio.SocketStream, bytes], Awaitable[bytes]] = staticmethod(read_until)
        all: Callable[[trio.SocketStream], Awaitable[bytes]] = staticmethod(read_all)

    return Reading


@pytest.fixture
def toy() -> QuartTrio:
    """An app with one quick page."""
    app = QuartTrio("toy")
    app.config["RESPONSE_TIMEOUT"] = None

    async def quick() -> str:
        await trio.lowlevel.checkpoint()
        return "quick"

    app.add_url_rule("/quick", view_func=quick, methods=["GET", "POST"])
    return app
