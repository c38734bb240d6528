"""Connections in memory as a network makes them: late, in other pieces, half closed, reset.

Not the simulator's streams: those keep each write whole and take no time.
"""

from __future__ import annotations

import errno
import math
import socket
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import msgspec
import trio
from typing_extensions import override

from simulation.dice import Dice

MOST = 65536


class Manner(msgspec.Struct, frozen=True):
    """How one connection behaves. `latency`: seconds a piece is under way at least, and at most.

    `hiccup`: the share of pieces that are late by up to `late` seconds. `cuts`: the share of reads that get
    only a part of what is there. `room`: bytes under way at once. `spills`: a reset loses what is under way.
    """

    latency: tuple[float, float] = (0.0005, 0.01)
    hiccup: float = 0.0
    late: float = 0.0
    cuts: float = 0.3
    room: int = 65536
    spills: bool = True


class _Pipe:
    """One direction."""

    def __init__(self, dice: Dice, manner: Manner) -> None:
        self._dice = dice
        self._manner = manner
        self._flight: deque[tuple[float, bytes]] = deque()
        self._size = 0
        self._last = 0.0
        self._changed = trio.lowlevel.ParkingLot()
        self._busy: set[str] = set()
        self.ends_at = math.inf
        self.breaks_at = math.inf
        self.reader_gone = False
        self.writer_gone = False

    def _arrival(self) -> float:
        latency = self._dice.uniform(*self._manner.latency)
        if self._manner.hiccup and self._dice.chance(self._manner.hiccup):
            latency += self._dice.uniform(0, self._manner.late)
        self._last = max(self._last, trio.current_time() + latency)
        return self._last

    @contextmanager
    def _alone(self, side: str) -> Generator[None]:
        if side in self._busy:
            raise trio.BusyResourceError(f"another task is {side} already")
        self._busy.add(side)
        try:
            yield
        finally:
            self._busy.discard(side)

    async def send(self, data: bytes) -> int:
        """Put as much on its way as there is room for; waits for some."""
        with self._alone("sending"):
            await trio.lowlevel.checkpoint()
            self._check_sendable()
            while self._size >= self._manner.room:
                await self._changed.park()
                self._check_sendable()
            return self._put(data)

    def send_nowait(self, data: bytes) -> int:
        """Put as much on its way as there is room for. Raises BlockingIOError where there is none."""
        with self._alone("sending"):
            self._check_sendable()
            if self._size >= self._manner.room:
                raise BlockingIOError
            return self._put(data)

    def _put(self, data: bytes) -> int:
        taken = data[: self._manner.room - self._size]
        self._flight.append((self._arrival(), taken))
        self._size += len(taken)
        self._changed.unpark_all()
        return len(taken)

    def _check_sendable(self) -> None:
        if self.writer_gone:
            raise trio.ClosedResourceError("this end is closed")
        if self.ends_at < math.inf:
            raise trio.ClosedResourceError("this end has finished sending")
        if self.breaks_at <= trio.current_time() or self.reader_gone:
            raise trio.BrokenResourceError("connection reset by peer")

    async def receive(self, most: int) -> bytes:
        """Give some of what has arrived; b"" at the end."""
        with self._alone("receiving"):
            await trio.lowlevel.checkpoint()
            while True:
                if self.reader_gone:
                    raise trio.ClosedResourceError("this end is closed")
                if self.is_readable():
                    return self._take(most)
                with trio.CancelScope(deadline=self._next()):
                    await self._changed.park()

    def _next(self) -> float:
        arrives = self._flight[0][0] if self._flight else math.inf
        return min(arrives, self.ends_at, self.breaks_at)

    def is_readable(self) -> bool:
        """Whether a read would return at once."""
        return self._next() <= trio.current_time()

    def _take(self, most: int) -> bytes:
        now = trio.current_time()
        if self.breaks_at <= now and (self._manner.spills or not self._flight):
            raise trio.BrokenResourceError("connection reset by peer")
        ready: list[bytes] = []
        while self._flight and self._flight[0][0] <= now:
            ready.append(self._flight.popleft()[1])
        data = b"".join(ready)
        cut = min(len(data), most)
        if cut > 1 and self._dice.chance(self._manner.cuts):
            cut = self._dice.randint(1, cut)
        if data[cut:]:
            self._flight.appendleft((now, data[cut:]))
        self._size -= cut
        self._changed.unpark_all()
        return data[:cut]

    def end(self) -> None:
        """The writer is done: the reader gets what is under way, then the end."""
        if self.ends_at == math.inf:
            self.ends_at = self._arrival()
        self._changed.unpark_all()

    def tear(self) -> None:
        """Break it; the other side notices when word of it arrives."""
        if self.breaks_at == math.inf:
            latency = self._dice.uniform(*self._manner.latency)
            self.breaks_at = trio.current_time() + latency
        self._changed.unpark_all()

    def abandon(self) -> None:
        """The reader is gone: writes fail from now on."""
        self.reader_gone = True
        self._flight.clear()
        self._size = 0
        self._changed.unpark_all()


class Line(trio.abc.HalfCloseableStream):
    """One end of a connection. `closed_at`: when it was closed here."""

    def __init__(self, outgoing: _Pipe, incoming: _Pipe) -> None:
        self._outgoing = outgoing
        self._incoming = incoming
        self.closed_at: float | None = None
        self.life = 0
        """Which life of the daemon it belongs to."""
        self.sent = bytearray()
        """All that was written here."""

    async def send_some(self, data: bytes) -> int:
        """Send what there is room for."""
        count = await self._outgoing.send(data)
        self.sent += data[:count]
        return count

    def send_nowait(self, data: bytes) -> int:
        """Send what there is room for now. Raises BlockingIOError where there is none."""
        count = self._outgoing.send_nowait(data)
        self.sent += data[:count]
        return count

    @override
    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        rest = bytes(data)
        await trio.lowlevel.checkpoint_if_cancelled()
        while rest:
            rest = rest[await self.send_some(rest) :]

    @override
    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    @override
    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return await self._incoming.receive(max_bytes or MOST)

    @override
    async def send_eof(self) -> None:
        self._outgoing.end()
        await trio.lowlevel.checkpoint()

    def finish(self) -> None:
        """Send no more; receiving goes on (a half-close)."""
        self._outgoing.end()

    def close(self) -> None:
        """Close both directions."""
        if self.closed_at is None:
            self.closed_at = trio.current_time()
            self._outgoing.end()
            self._outgoing.writer_gone = True
            self._incoming.abandon()

    @override
    async def aclose(self) -> None:
        self.close()
        await trio.lowlevel.checkpoint()

    def reset(self) -> None:
        """Tear it down: both sides' reads and writes fail, the other's a moment later."""
        if self.closed_at is None:
            self._outgoing.tear()
            self.close()

    def is_readable(self) -> bool:
        """Whether a read would return at once."""
        return self._incoming.is_readable()

    @property
    def peer_left_at(self) -> float:
        """When word arrives here that the other side is done or gone; infinity: it is not."""
        return min(self._incoming.ends_at, self._incoming.breaks_at)


def connect(dice: Dice, manner: Manner) -> tuple[Line, Line]:
    """Two ends of one connection."""
    there, back = _Pipe(dice, manner), _Pipe(dice, manner)
    return Line(there, back), Line(back, there)


# ---- what a server takes for sockets ------------------------------------------------------------------


class _Socket:
    """As much of a socket as the server touches."""

    family = socket.AF_INET

    def __init__(self, line: Line, port: int) -> None:
        self._line = line
        self._port = port

    async def send(self, data: bytes | memoryview) -> int:
        try:
            return await self._line.send_some(bytes(data))
        except trio.BrokenResourceError as fault:
            raise ConnectionResetError(str(fault)) from fault

    def send_nowait(self, data: bytes) -> int:
        try:
            return self._line.send_nowait(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as fault:
            raise ConnectionResetError(str(fault)) from fault

    def getpeername(self) -> tuple[str, int]:
        return ("127.0.0.1", self._port)

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 8045)

    def is_readable(self) -> bool:
        return self._line.is_readable()


class _SocketStream:
    def __init__(self, line: Line, port: int) -> None:
        self.socket = _Socket(line, port)
        self.receive_some = line.receive_some
        self.send_eof = line.send_eof
        self.aclose = line.aclose


class Harbour(trio.abc.Listener[trio.SocketStream]):
    """Where clients come in. Closed, it refuses them."""

    def __init__(self) -> None:
        self._give, self._take = trio.open_memory_channel[Any](math.inf)
        self._port = 50000
        self.open = True
        self.starved_until = -math.inf
        """Until then the system has no descriptor for whoever is accepted."""

    def enter(self, line: Line) -> None:
        """Hand the server's end of a new connection over. Raises OSError where nobody listens."""
        if not self.open:
            raise ConnectionRefusedError(111, "Connection refused")
        self._port += 1
        self._give.send_nowait(_SocketStream(line, self._port))

    @override
    async def accept(self) -> trio.SocketStream:
        stream = await self._take.receive()
        if trio.current_time() < self.starved_until:
            self._give.send_nowait(stream)  # it waits on, behind those who came since
            raise OSError(errno.EMFILE, "Too many open files")
        return cast("trio.SocketStream", stream)

    @override
    async def aclose(self) -> None:
        """Refuse from now on; those not yet accepted are turned away."""
        self.open = False
        while True:
            try:
                stream = self._take.receive_nowait()
            except trio.WouldBlock:
                break
            await stream.aclose()
        await trio.lowlevel.checkpoint()
