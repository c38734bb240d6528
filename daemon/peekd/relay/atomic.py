"""Tool calls in one piece: an answer's frames wait while a call is open, and go on when it is whole."""

from __future__ import annotations

from collections.abc import Iterator

from peekd.healing.peek import Rank, is_thought, rank_of
from peekd.relay.reading import Seen
from peekd.vocabulary.events import Closed, Event, Opened, ToolCallBlock
from peekd.wire.sse import Frame

HELD_BYTES = 8 * 1024 * 1024
"""A call that is larger goes as it comes."""


class Atomic:
    """Holds what must wait. Until the first thing of meaning is whole nothing goes: nothing has been shown.

    `split`: frames are taken apart by what they say, where they do not go out as they are. `thoughts`: the
    client sees them.
    """

    def __init__(self, *, split: bool, thoughts: bool) -> None:
        self.shown = False
        self._split = split
        self._thoughts = thoughts
        self._calls: set[int] = set()
        self._held: list[Seen] = []
        self._size = 0
        self._meant = False

    def take(self, seen: Seen) -> list[Seen]:
        """Take a frame; gives those that may go now, in order."""
        return [free for piece in self._pieces(seen) for free in self._take(piece)]

    def _pieces(self, seen: Seen) -> Iterator[Seen]:
        if not self._split or len(seen.events) < 2:  # noqa: PLR2004  one has nothing to be split into
            yield seen
            return
        raw = seen.frame
        for event in seen.events:
            yield Seen(raw, (event,))
            raw = Frame(raw=b"")

    def _take(self, piece: Seen) -> list[Seen]:
        self._held.append(piece)
        self._size += len(piece.frame.raw)
        meant = False
        for event in piece.events:
            self._note(event)
            meant = meant or self._means(event)
        self._meant = meant or self._meant
        if self._size <= HELD_BYTES and (self._calls or not self._meant):
            return []
        return self.rest()

    def _note(self, event: Event) -> None:
        match event:
            case Opened(index=index, block=ToolCallBlock()):
                self._calls.add(index)
            case Closed(index=index):
                self._calls.discard(index)
            case _:
                pass

    def _means(self, event: Event) -> bool:
        return rank_of(event) is Rank.MEANINGFUL and (self._thoughts or not is_thought(event))

    def drop(self) -> None:
        """Forget what waits: its answer broke off, and another takes its place."""
        self._held, self._size, self._calls = [], 0, set()

    def rest(self) -> list[Seen]:
        """Give all that waits: the answer is whole, or too large to wait for."""
        held, self._held, self._size = self._held, [], 0
        self.shown = self.shown or bool(held)
        return held
