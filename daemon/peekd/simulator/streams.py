"""Two ends of a byte stream in memory: bounded, with end of file and reset. No sockets."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

import trio
from typing_extensions import override

_MAX_RECEIVE = 65536


class _Busy:
    """Refuses a second task on one side of a pipe, as every trio stream must."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._taken = False

    @contextmanager
    def __call__(self) -> Generator[None]:
        if self._taken:
            raise trio.BusyResourceError(f"another task is already using this stream's {self._what}")
        self._taken = True
        try:
            yield
        finally:
            self._taken = False


class _Pipe:
    """One direction. Each write is one segment and is read as such, so that chunking can be told by tests."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._segments: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._reader_gone = False
        self._reset = False
        self._changed = trio.lowlevel.ParkingLot()
        self._sending = _Busy("sending side")
        self._receiving = _Busy("receiving side")

    def _check_sendable(self) -> None:
        if self._ended:
            raise trio.ClosedResourceError("this end has finished sending")
        if self._reset:
            raise trio.BrokenResourceError("connection reset")
        if self._reader_gone:
            raise trio.BrokenResourceError("the peer has closed")

    async def send(self, data: bytes | bytearray | memoryview) -> None:
        """Write all; waits while the pipe is full."""
        with self._sending():
            await trio.lowlevel.checkpoint()
            self._check_sendable()
            rest = bytes(data)
            while rest:
                await self._wait_room()
                room = self._capacity - self._size
                self._segments.append(rest[:room])
                self._size += len(self._segments[-1])
                rest = rest[room:]
                self._changed.unpark_all()

    def send_nowait(self, data: bytes) -> int:
        """Write what there is room for, and give how much. Raises BlockingIOError where there is none."""
        with self._sending():
            self._check_sendable()
            taken = data[: max(self._capacity - self._size, 0)]
            if not taken:
                raise BlockingIOError
            self._segments.append(taken)
            self._size += len(taken)
            self._changed.unpark_all()
            return len(taken)

    async def wait_sendable(self) -> None:
        """Wait until a write would not block."""
        with self._sending():
            await trio.lowlevel.checkpoint()
            self._check_sendable()
            await self._wait_room()

    async def _wait_room(self) -> None:
        while self._size >= self._capacity:
            await self._changed.park()
            self._check_sendable()

    async def receive(self, max_bytes: int) -> bytes:
        """Read at most one segment; b"" at the end. After a reset, what was in the pipe comes first."""
        with self._receiving():
            await trio.lowlevel.checkpoint()
            self._check_receivable()
            while not self._segments:
                if self._reset:
                    raise trio.BrokenResourceError("connection reset")
                if self._ended:
                    return b""
                await self._changed.park()
                self._check_receivable()
            return self._take(max_bytes)

    def _check_receivable(self) -> None:
        if self._reader_gone:
            raise trio.ClosedResourceError("this end is closed")

    def _take(self, max_bytes: int) -> bytes:
        segment = self._segments.popleft()
        taken, rest = segment[:max_bytes], segment[max_bytes:]
        if rest:
            self._segments.appendleft(rest)
        self._size -= len(taken)
        self._changed.unpark_all()
        return taken

    async def send_eof(self) -> None:
        """End in order: not while a write is under way."""
        with self._sending():
            self.end()
            await trio.lowlevel.checkpoint()

    def end(self) -> None:
        """The writer is done: the reader gets what is there, then b""."""
        self._ended = True
        self._changed.unpark_all()

    def abandon(self) -> None:
        """The reader is gone: writes fail from now on."""
        self._reader_gone = True
        self._segments.clear()
        self._size = 0
        self._changed.unpark_all()

    def reset(self) -> None:
        """Break it for both sides."""
        self._reset = True
        self._changed.unpark_all()


class MemoryStream(trio.abc.HalfCloseableStream):
    """One end of a connection in memory; made in pairs by `open_pair`."""

    def __init__(self, outgoing: _Pipe, incoming: _Pipe) -> None:
        self._outgoing = outgoing
        self._incoming = incoming

    @override
    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything; waits while the peer does not read and the pipe is full."""
        await self._outgoing.send(data)

    def send_nowait(self, data: bytes) -> int:
        """Send what there is room for, and give how much. Raises BlockingIOError where there is none."""
        return self._outgoing.send_nowait(data)

    @override
    async def wait_send_all_might_not_block(self) -> None:
        """Wait until there is room."""
        await self._outgoing.wait_sendable()

    @override
    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Give one piece as the peer wrote it (or its first `max_bytes`); b"" when it finished sending."""
        limit = _MAX_RECEIVE if max_bytes is None else operator.index(max_bytes)
        if limit < 1:
            raise ValueError("max_bytes must be at least 1")
        return await self._incoming.receive(limit)

    @override
    async def send_eof(self) -> None:
        """Finish sending; receiving goes on (a half-close)."""
        await self._outgoing.send_eof()

    def close(self) -> None:
        """Close both directions at once: the peer reads what is under way, then b"", and cannot send."""
        self._outgoing.end()
        self._incoming.abandon()

    @override
    async def aclose(self) -> None:
        """Close, as `close` does."""
        self.close()
        await trio.lowlevel.checkpoint()

    def reset(self) -> None:
        """Tear the connection down: the peer's sends fail now, its reads after what is under way."""
        self._outgoing.reset()
        self._incoming.reset()
        self.close()


def open_pair(capacity: int = 65536) -> tuple[MemoryStream, MemoryStream]:
    """Two ends of one connection; each direction holds at most `capacity` bytes."""
    there, back = _Pipe(capacity), _Pipe(capacity)
    return MemoryStream(there, back), MemoryStream(back, there)
