"""The server: accepts connections, counts them, lets them go. What happens on one is `connection`."""

from __future__ import annotations

import errno
import os
import socket as stdlib_socket
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework

from peekd.records.entries import ERROR, NOTICE, Entry, Journal
from peekd.service.connection import Connection, Terms

HEADER_BYTES = 64 * 1024
SHORTAGE_SECONDS = 0.1
"""How long accepting pauses when the system has no descriptor or memory to give."""

_SHORTAGE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
_SAID = b'{"error":{"type":"overloaded","message":"too many connections to peekd are open"}}'
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(_SAID), _SAID)
)


class Limits(msgspec.Struct, frozen=True):
    """What a server allows. `connections` is for all addresses together."""

    write_stall_seconds: float = 30.0
    keep_alive_seconds: float = 300.0
    head_seconds: float = 15.0
    connections_per_address: int = 256
    connections: int = 4096


class GuardedServer:
    """Serves an ASGI app on listening sockets until it is told to stop.

    Stopping has two steps: after `stop` nothing is accepted, idle connections close and busy ones finish
    their answer; `abort` cuts what is left. `serve` returns when the last connection is gone.
    """

    def __init__(self, app: ASGIFramework, journal: Journal, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._journal = journal
        self._config = _hypercorn_config()
        self._app = ASGIWrapper(app)
        self._context = WorkerContext(None)
        self._terms = self._terms_of(self._limits)
        self._open: set[Connection] = set()
        self._by_address: Counter[str] = Counter()
        self._accepting = trio.CancelScope()
        self._serving = trio.CancelScope()
        self._stopped = False
        self._ended = trio.Event()

    def _terms_of(self, limits: Limits) -> Terms:
        return Terms(
            app=self._app,
            config=self._config,
            context=self._context,
            journal=self._journal,
            write_stall_seconds=limits.write_stall_seconds,
            keep_alive_seconds=limits.keep_alive_seconds,
            head_seconds=limits.head_seconds,
        )

    def adopt(self, limits: Limits) -> None:
        """Hold connections that come from now on to other limits."""
        self._limits = limits
        self._terms = self._terms_of(limits)

    @property
    def open_connections(self) -> int:
        """How many connections there are now."""
        return len(self._open)

    async def serve(
        self,
        listeners: Sequence[trio.abc.Listener[trio.SocketStream]],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Accept and serve; started when every listener is being accepted from."""
        with self._serving:
            async with trio.open_nursery() as connections:
                await self._accept_all(listeners, connections, task_status)
        self._ended.set()

    async def _accept_all(
        self,
        listeners: Sequence[trio.abc.Listener[trio.SocketStream]],
        connections: trio.Nursery,
        task_status: trio.TaskStatus[None],
    ) -> None:
        with self._accepting:
            async with trio.open_nursery() as accepting:
                for listener in listeners:
                    accepting.start_soon(self._accept, listener, connections)
                task_status.started()

    async def wait_ended(self) -> None:
        """Wait until the last connection is gone after `stop` or `abort`."""
        await self._ended.wait()

    def stop(self) -> None:
        """Accept nothing more; whatever is under way goes on."""
        self._stopped = True
        self._config.keep_alive_max_requests = 0  # answers from now on say "connection: close"
        self._accepting.cancel()
        for connection in tuple(self._open):
            connection.hasten()

    def abort(self) -> None:
        """Cut every connection that is left."""
        self.stop()
        self._serving.cancel()

    async def _accept(
        self, listener: trio.abc.Listener[trio.SocketStream], connections: trio.Nursery
    ) -> None:
        short = False
        async with listener:
            while True:
                try:
                    stream = await listener.accept()
                except OSError as error:
                    if error.errno not in _SHORTAGE:
                        raise
                    if not short:
                        words = f"cannot accept connections: {os.strerror(error.errno)}; trying on"
                        self._journal(Entry(words, ERROR))
                    short = True
                    await trio.sleep(SHORTAGE_SECONDS)
                    continue
                short = False
                connections.start_soon(self._serve_one, stream)

    async def _serve_one(self, stream: trio.SocketStream) -> None:
        address = _address(stream)
        if address is None:
            await trio.aclose_forcefully(stream)
            return
        if self._is_full(address):
            with suppress(OSError):
                await stream.socket.send(_FULL)
            await trio.aclose_forcefully(stream)
            return
        connection = Connection(stream, self._terms, self._is_stopped)
        self._open.add(connection)
        self._by_address[address] += 1
        try:
            await connection.run()
        finally:
            self._open.discard(connection)
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def _is_stopped(self) -> bool:
        return self._stopped

    def _is_full(self, address: str) -> bool:
        crowded = self._by_address[address] >= self._limits.connections_per_address
        full = len(self._open) >= self._limits.connections
        if crowded or full:
            whose = f"{address or 'the local socket'} has" if crowded else "there are"
            self._journal(Entry(f"connection refused: {whose} too many open", NOTICE))
        return crowded or full


def _address(stream: trio.SocketStream) -> str | None:
    """Give the peer's address, "" for a unix socket, None where the peer is gone already."""
    if stream.socket.family == stdlib_socket.AF_UNIX:
        return ""
    try:
        return str(stream.socket.getpeername()[0])
    except OSError:
        return None


def _hypercorn_config() -> Config:
    config = Config()
    config.accesslog = None  # the journal has its own entries, one story per request
    config.errorlog = None
    config.h11_max_incomplete_size = HEADER_BYTES
    config.include_date_header = False
    config.include_server_header = False
    config.keep_alive_max_requests = sys.maxsize
    return config
