"""The connections to one origin: so many at once, kept for the next exchange, none lost to a cancellation.

A slot is what entitles one exchange to one connection. It is taken before anything is dialled and given back
in a `finally`, so no await in between can lose it. A new connection is dialled only where none is idle: open
connections, idle ones included, are therefore never more than slots.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

import httpx
import trio

from peekd.upstream.connection import Connection
from peekd.upstream.timeouts import Mark, Timeouts, bounded, unmarked

KEEP_ALIVE_SECONDS = 310.0  # a person reads and types between two requests of a chat

Connect = Callable[[], Awaitable[trio.abc.Stream]]


class Pool:
    """Slots, and the idle connections; the last one used is the first used again. Each step costs O(1)."""

    def __init__(self, limit: int, connect: Connect) -> None:
        self._limit = limit
        self._connect = connect
        self._slots = trio.Semaphore(limit, max_value=limit)  # first come, first served
        self._idle: deque[Connection] = deque()
        self._closed = False

    @property
    def busy(self) -> int:
        """Exchanges that hold a slot."""
        return self._limit - self._slots.value

    @property
    def idle(self) -> int:
        """Connections kept for later."""
        return len(self._idle)

    async def acquire(self, timeouts: Timeouts, mark: Mark = unmarked) -> Connection:
        """Give a connection and the slot that goes with it: `release` it, whatever happens.

        `mark` is told when there is a slot, and when a new connection is open.
        Raises httpx.PoolTimeout, ConnectTimeout, ConnectError, ProxyError.
        """
        try:
            self._slots.acquire_nowait()
        except trio.WouldBlock:
            await self._wait_slot(timeouts.pool)
        now = trio.current_time()
        mark("queue", now)
        given = False
        try:
            while self._idle:
                connection = self._idle.pop()
                if not _expired(connection, now) and not connection.looks_dead():
                    break
                await connection.aclose()
            else:
                connection = await self._open(timeouts.connect)
                mark("connect", trio.current_time())
            given = True
        finally:
            if not given:
                self._slots.release()
        return connection

    def release_nowait(self, connection: Connection) -> bool:
        """Take a connection back to be used again; False where it or another must be closed: `release` it."""
        now = trio.current_time()
        if self._closed or (self._idle and _expired(self._idle[0], now)) or not connection.recycle():
            return False
        connection.idle_since = now
        self._idle.append(connection)
        self._slots.release()
        return True

    async def release(self, connection: Connection) -> None:
        """Take a connection back, to be used again or closed, and free its slot."""
        now = trio.current_time()
        try:
            if not self._closed and connection.recycle():
                connection.idle_since = now
                self._idle.append(connection)
                await self._drop_expired(now)
            else:
                await connection.aclose()
        finally:
            self._slots.release()

    async def aclose(self) -> None:
        """Close what is idle; what is busy is closed when it is released."""
        self._closed = True
        while self._idle:
            await self._idle.pop().aclose()

    async def _wait_slot(self, seconds: float) -> None:
        with bounded(seconds, httpx.PoolTimeout, f"waiting for one of {self._limit} connections"):
            await self._slots.acquire()

    async def _open(self, seconds: float) -> Connection:
        with bounded(seconds, httpx.ConnectTimeout, "connecting"):
            return Connection(await self._connect())

    async def _drop_expired(self, now: float) -> None:
        """Close the oldest idle one if its time is over: each release may add one and looks at one."""
        if _expired(self._idle[0], now):
            await self._idle.popleft().aclose()


def _expired(connection: Connection, now: float) -> bool:
    return now - connection.idle_since > KEEP_ALIVE_SECONDS
