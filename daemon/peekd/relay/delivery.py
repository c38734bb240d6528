"""What one client has been given so far: nothing, headers and pings, or meaning; and the channel to it.

Two tasks meet here. The journey gives frames and never touches the socket; the HTTP side takes them, is the
only writer, and fills silence with pings, so a ping can never stand inside a frame.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from typing import Literal

import msgspec
import trio
from typing_extensions import override

from peekd.protocols.framing import EventStream
from peekd.protocols.interface import Framing

CHANNEL_FRAMES = 16
"""Joined writes in flight between the upstream's task and the client's."""

JUST_NOW = 1.0
"""Seconds for which a wait that is over still counts: on the way out what waited is taken once more."""


class Final(msgspec.Struct, frozen=True):
    """A whole answer: status, headers, body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Streaming(msgspec.Struct, frozen=True):
    """A 200 whose body comes from `Delivery.chunks`. `headers` do not hold the content type."""

    headers: tuple[tuple[str, str], ...]


Reply = Final | Streaming


class Delivery:
    """The client's side of one request.

    Stages are passed once each, in order: 0 nothing sent, 1 headers and pings, 2 meaning. `framing`: how
    frames stand in the body; a ping must be one that may stand between any two of its pieces.
    """

    def __init__(self, *, ping: bytes, ping_seconds: float, framing: Framing | None = None) -> None:
        self.stage: Literal[0, 1, 2] = 0
        self.early = False
        self.given = 0
        """Bytes of the answer that were handed over, pings left out."""
        self._unread = (-math.inf, -math.inf)
        self._reply: Reply | None = None
        self._replied = trio.Event()
        self._ping = ping
        self._ping_seconds = ping_seconds
        self._framing = framing or EventStream()
        self._give, self._take = trio.open_memory_channel[bytes](CHANNEL_FRAMES)

    @property
    def content_type(self) -> str:
        """What a streamed body is."""
        return self._framing.content_type

    @property
    def shown(self) -> bool:
        """Whether meaning went out."""
        return self.stage > 1

    @property
    def answered(self) -> bool:
        """Whether a status line is settled, be it that of a whole answer."""
        return self._reply is not None

    # ---- the journey's side ----

    def answer(self, final: Final) -> None:
        """Give a whole answer; only while nothing was sent."""
        self._settle(final)

    def begin(self, headers: tuple[tuple[str, str], ...], *, early: bool) -> None:
        """Pass stage 1: the status line and headers may go out. Later calls change nothing."""
        if not self.answered:
            self.stage, self.early = 1, early
            self._settle(Streaming(headers))

    async def give(self, frames: bytes) -> None:
        """Pass stage 2 and hand whole frames on; waits while the client reads slowly."""
        self.stage = 2
        self.given += len(frames)
        wrapped = self._framing.wrap(frames)
        try:
            self._give.send_nowait(wrapped)  # `send` would let every other task run first
        except trio.WouldBlock:
            self._unread = (trio.current_time(), math.inf)
            await self._give.send(wrapped)
            self._unread = (self._unread[0], trio.current_time())

    def unread_seconds(self) -> float:
        """How long frames have waited for a client that reads nothing, or had until just now, else 0."""
        since, until = self._unread
        now = trio.current_time()
        return min(now, until) - since if until > now - JUST_NOW else 0.0

    async def give_last(self, frames: bytes) -> None:
        """Hand over the last bytes. Whatever must be written down is written down before this is called."""
        last = self._framing.wrap(frames) + self._framing.close()
        if last:
            await self._give.send(last)
        self._give.close()

    def _settle(self, reply: Reply) -> None:
        if self._reply is None:
            self._reply = reply
            self._replied.set()

    # ---- the HTTP side ----

    async def wait_reply(self) -> Reply:
        """Wait for stage 1 or a whole answer."""
        while self._reply is None:
            await self._replied.wait()
        return self._reply

    def chunks(self) -> AsyncIterator[bytes]:
        """The body's pieces, with a ping wherever `ping_seconds` passed without one."""
        return _Chunks(self._take, self._ping, self._ping_seconds)


class _Chunks(AsyncIterator[bytes]):
    """An object and not a generator: no scope of ours is open while the HTTP side writes."""

    def __init__(self, take: trio.MemoryReceiveChannel[bytes], ping: bytes, ping_seconds: float) -> None:
        self._take = take
        self._ping = ping
        self._ping_seconds = ping_seconds

    @override
    async def __anext__(self) -> bytes:
        with trio.CancelScope(deadline=trio.current_time() + self._ping_seconds):  # move_on_after is dearer
            try:
                return self._joined(await self._take.receive())
            except trio.EndOfChannel:
                raise StopAsyncIteration from None
        return self._ping

    def _joined(self, first: bytes) -> bytes:
        """Join what is ready: one write and not many, and never a wait."""
        pieces = [first]
        while True:
            try:
                pieces.append(self._take.receive_nowait())
            except (trio.WouldBlock, trio.EndOfChannel):
                return b"".join(pieces)
