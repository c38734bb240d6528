"""What one client has been given so far: nothing, headers and pings, or meaning; and the ways to it.

Two tasks meet here. The journey gives frames, whole ones; the HTTP side takes and writes them, and fills
silence with pings, so a ping can never stand inside a frame. While the HTTP side has nothing to write, frames
may take the short way, past it: the lane, which never waits.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from typing import Final as Constant
from typing import Literal, Protocol

import msgspec
import trio
from typing_extensions import override

from peekd.protocols.framing import EventStream
from peekd.protocols.interface import Framing
from peekd.relay.pieces import Pieces

CHANNEL_FRAMES = 16
"""Joined writes in flight between the upstream's task and the client's."""

JUST_NOW = 1.0
"""Seconds for which a wait that is over still counts: on the way out what waited is taken once more."""

LANE: Constant = "peekd.lane"
"""Where a server that has lanes puts a connection's: in the state of the ASGI scope."""


class Lane(Protocol):
    """A connection's short way to its socket, for pieces of the body that it is answering with."""

    @property
    def owed(self) -> bytes:
        """What was given before and is still to be written."""
        ...

    def hold(self) -> None:
        """Let what is written next wait for what follows, which is on its way, or for `drain`."""
        ...

    def send_nowait(self, piece: bytes, /) -> bool:
        """Write a piece; False, and nothing is written, where the way is not free. It never raises."""
        ...

    async def drain(self) -> None:
        """Write what is owed, under the connection's own limits."""
        ...


class NoLane:
    """Where the server has none."""

    owed = b""

    def hold(self) -> None:
        """Nothing waits."""

    def send_nowait(self, _piece: bytes, /) -> bool:
        """Give it to nobody: never free."""
        return False

    async def drain(self) -> None:
        """Nothing is owed."""


class Final(msgspec.Struct, frozen=True, gc=False):
    """A whole answer: status, headers, body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Streaming(msgspec.Struct, frozen=True, gc=False):
    """A 200 whose body comes from `Delivery.chunks`. `headers` do not hold the content type."""

    headers: tuple[tuple[str, str], ...]


Reply = Final | Streaming

_UNDER_WAY: Constant = Streaming(())
"""A reply whose headers have been taken: they are held no longer."""


class Delivery:
    """The client's side of one request.

    Stages are passed once each, in order: 0 nothing sent, 1 headers and pings, 2 meaning. `framing`: how
    frames stand in the body; a ping must be one that may stand between any two of its pieces.
    """

    __slots__ = (
        "_chunks",
        "_framing",
        "_lane",
        "_now",
        "_pieces",
        "_replied",
        "_reply",
        "_unread",
        "early",
        "given",
        "stage",
    )

    def __init__(
        self,
        *,
        ping: bytes,
        ping_seconds: float,
        framing: Framing | None = None,
        lane: Lane | None = None,
    ) -> None:
        self.stage: Literal[0, 1, 2] = 0
        self.early = False
        self.given = 0
        """Bytes of the answer that were handed over, pings left out."""
        self._unread = (-math.inf, -math.inf)
        self._reply: Reply | None = None
        self._replied: trio.Event | None = None
        """What the HTTP side waits for, while it does."""
        self._now = trio.lowlevel.current_clock().current_time  # of which `trio.current_time` is told
        self._framing = framing or EventStream()
        self._lane = lane or NoLane()
        self._pieces = Pieces(CHANNEL_FRAMES)
        self._chunks = _Chunks(self._pieces, self._lane, ping, ping_seconds)

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

    def give_nowait(self, frames: bytes) -> bool:
        """Pass stage 2 and hand whole frames on; False, and nothing is handed on, where they must wait."""
        if not self._chunks.idle:
            return False
        wrapped = self._note(frames)
        if not self._lane.send_nowait(wrapped):
            self._queue(wrapped)
        elif self._lane.owed:
            self._queue(b"")  # a word to the HTTP side, who alone waits for the client
        else:
            self._chunks.spoke = self._now()
        return True

    async def give(self, frames: bytes) -> None:
        """Pass stage 2 and hand whole frames on; waits while the client reads slowly."""
        if not self.give_nowait(frames):
            await self._pass(self._note(frames))

    def _note(self, frames: bytes) -> bytes:
        self.stage = 2
        self.given += len(frames)
        return self._framing.wrap(frames)

    async def _pass(self, piece: bytes) -> None:
        self._chunks.idle = False
        if self._pieces.put_nowait(piece):
            return
        self._unread = (trio.current_time(), math.inf)
        await self._pieces.put(piece)
        self._unread = (self._unread[0], trio.current_time())

    def unread_seconds(self) -> float:
        """How long frames have waited for a client that reads nothing, or had until just now, else 0."""
        since, until = self._unread
        now = trio.current_time()
        return min(now, until) - since if until > now - JUST_NOW else 0.0

    def _queue(self, piece: bytes) -> None:
        """Put where there is room: the HTTP side waits, so nothing lies there."""
        self._chunks.idle = False
        self._pieces.put_nowait(piece)

    async def give_last(self, frames: bytes) -> None:
        """Hand over the last bytes. Whatever must be written down is written down before this is called."""
        if last := self._framing.wrap(frames) + self._framing.close():
            await self._pass(last)
        self._pieces.close()

    def _settle(self, reply: Reply) -> None:
        if self._reply is None:
            self._reply = reply
            self.rouse()

    # ---- the HTTP side ----

    async def wait_reply(self) -> Reply:
        """Wait for stage 1 or a whole answer."""
        while self._reply is None:
            await self.replied()
        return self._reply

    async def replied(self) -> bool:
        """Wait for a reply, or until roused; tells whether there is one."""
        if self._reply is None:
            self._replied = self._replied or trio.Event()
            await self._replied.wait()
        return self._reply is not None

    def rouse(self) -> None:
        """Let whoever waits for a reply look again."""
        if self._replied is not None:
            self._replied.set()
            self._replied = None

    def chunks(self) -> AsyncIterator[bytes]:
        """The body's pieces, with a ping wherever `ping_seconds` passed without one.

        To be taken when the head is about to be written, which then goes out with what is ready.
        """
        self._lane.hold()
        self._reply = _UNDER_WAY
        return self._chunks


class _Chunks(AsyncIterator[bytes]):
    """An object and not a generator: no scope of ours is open while the HTTP side writes."""

    __slots__ = ("_ended", "_lane", "_pieces", "_ping", "_ping_seconds", "idle", "spoke")

    def __init__(self, pieces: Pieces, lane: Lane, ping: bytes, ping_seconds: float) -> None:
        self.idle = False
        """The HTTP side waits for a piece, and nothing is on its way to it."""
        self.spoke = -math.inf
        """When the client was last written to, by trio's clock."""
        self._pieces = pieces
        self._ended = False
        self._lane = lane
        self._ping = ping
        self._ping_seconds = ping_seconds

    @override
    async def __anext__(self) -> bytes:
        piece = self._ready()
        if not piece:
            self.spoke = trio.current_time()
        while not piece:
            if self._ended:
                raise StopAsyncIteration
            if self._lane.owed:
                await self._lane.drain()
                self.spoke = trio.current_time()
            else:
                piece = await self._wait()
            piece += self._ready()
        if self._ended:
            self._lane.hold()  # for the end of the body
        return piece

    def _ready(self) -> bytes:
        """Join what is ready: one write and not many, and never a wait."""
        piece = self._pieces.take()
        self._ended = self._pieces.ended
        return piece

    async def _wait(self) -> bytes:
        """Wait until something is ready, or the client has heard nothing for so long that it gets a ping."""
        self.idle = True
        try:
            while True:
                with trio.CancelScope(deadline=self.spoke + self._ping_seconds):  # move_on_after is dearer
                    await self._pieces.wait()
                    return b""
                if trio.current_time() >= self.spoke + self._ping_seconds:
                    return self._ping
        finally:
            self.idle = False
