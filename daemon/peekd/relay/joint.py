"""Where a continuation is laid to what the client has seen: its words go on, its beginning does not."""

from __future__ import annotations

from peekd.healing.resume import Misfit, seam
from peekd.protocols.interface import Continues
from peekd.relay.reading import Seen
from peekd.vocabulary.events import (
    Beat,
    Closed,
    Counted,
    Ended,
    Erred,
    Event,
    Finished,
    Kept,
    Opened,
    Started,
    TextBlock,
    TextDelta,
    Unknown,
)
from peekd.wire.sse import Frame


def _beside(event: Event, frame: Frame) -> list[Seen]:
    """Give what goes on of an event before the words that are no part of them."""
    match event:
        case Started() | Beat() | Unknown() | Ended():
            return []
        case Counted() | Kept():
            return [Seen(Frame(raw=b""), (event,))]
        case Erred():
            return [Seen(frame, (event,))]
        case _:
            raise Misfit("the continuation begins with something else than words")


class Joint:
    """Takes the frames of one continuation. `words` were shown, in a first block that is open still.

    What goes on instead of its first words is written by `continues`, for a client that gets the upstream's
    own frames.
    """

    def __init__(self, words: str, continues: Continues) -> None:
        self._words = words
        self._continues = continues
        self._said = ""
        self._begun = False
        self._joined = False

    def take(self, seen: Seen) -> list[Seen]:
        """Take a frame; gives what goes to the client. Raises Misfit where the two do not go together."""
        if self._joined:
            return [seen]
        passed: list[Seen] = []
        for event in seen.events:
            passed += [Seen(seen.frame, (event,))] if self._joined else self._take(event, seen.frame)
        return passed

    def _take(self, event: Event, frame: Frame) -> list[Seen]:
        match event:
            case Opened(index=0, block=TextBlock(text=text)) if not self._begun:
                self._begun = True
                return self._say(text)
            case TextDelta(index=0, text=text) if self._begun:
                return self._say(text)
            case Closed(index=0) if self._begun:
                return [*self._say("", final=True), Seen(frame, (event,))]
            case Finished():
                return [*self._say("", final=True), *self._stop(), Seen(frame, (event,))]
            case _:
                return _beside(event, frame)

    def _say(self, text: str, *, final: bool = False) -> list[Seen]:
        self._said += text
        cut = seam(self._words, self._said, final=final)
        if cut is None:
            return []
        self._joined = True
        more = self._said[cut:]
        return [self._seen(self._continues.encode_more(more), TextDelta(0, more))] if more else []

    def _stop(self) -> list[Seen]:
        """Close the block that was shown, where the continuation had nothing to add and opened none."""
        return [] if self._begun else [self._seen(self._continues.encode_stop(), Closed(0))]

    def _seen(self, raw: bytes, event: Event) -> Seen:
        return Seen(Frame(raw=raw, data=raw), (event,))
