"""Calls that the model was stopped in: the answer has ended, and no client may take such a call for whole.

A block's end says nothing of why it ended: that comes with the terminal, just after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from peekd.vocabulary.events import (
    ArgumentsDelta,
    Beat,
    Closed,
    Counted,
    Ended,
    Event,
    Finished,
    Kept,
    Opened,
    StopReason,
    ToolCallBlock,
    Unknown,
)

LIMITS: Final[frozenset[StopReason]] = frozenset({"max_tokens", "context_exceeded", "refusal"})
"""Reasons that stop a model in the middle of what it says."""


HALF: Final = "half a call"
"""How encoders name one that they leave out."""


class Halves:
    """Passes events on, but for the end of a call whose arguments are not whole: that waits for what follows.

    Before one of `LIMITS` it is the end of a half call; before anything else, one like any other.
    """

    def __init__(self) -> None:
        self._pieces: dict[int, list[str]] = {}  # of the arguments of open calls
        self._held: list[Closed] = []

    @property
    def waits(self) -> bool:
        """Whether the end of a call is held."""
        return bool(self._held)

    @property
    def idle(self) -> bool:
        """Whether no call is open, and no end of one is held."""
        return not (self._held or self._pieces)

    def feed(self, events: Iterable[Event]) -> Sequence[Event]:
        """Pass on the events of one frame."""
        return [passed for event in events for passed in self._feed(event)]

    def _feed(self, event: Event) -> Sequence[Event]:
        match event:
            case ArgumentsDelta(index=index) if index in self._pieces:
                self._pieces[index].append(event.fragment)
                return (*self.release(), event)
            case Closed():
                return self._close(event)
            case Finished(reason=reason):
                return (*self.release(stopped=reason in LIMITS), event)
            case Beat() | Counted() | Ended() | Kept() | Unknown():
                return (event,)
            case Opened(index=index, block=ToolCallBlock()):
                self._pieces[index] = []
                return (*self.release(), event)
            case _:
                return (*self.release(), event)

    def _close(self, event: Closed) -> Sequence[Event]:
        pieces = self._pieces.pop(event.index, None)
        half = pieces is not None and not _is_object("".join(pieces))
        if half or self._held:
            self._held.append(Closed(event.index, half=half))
            return ()
        return (event,)

    def release(self, *, stopped: bool = False) -> Sequence[Closed]:
        """Give what is held; as whole unless `stopped`: then whoever writes it down says what is wrong."""
        held, self._held = self._held, []
        return held if stopped else [Closed(event.index) for event in held]


def _is_object(text: str) -> bool:
    try:
        msgspec.json.decode(text, type=dict[str, Any])
    except (ValueError, RecursionError):
        return False
    return True
