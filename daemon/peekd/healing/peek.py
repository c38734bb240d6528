"""Watching an upstream's events: what rank each has, when silence is too long, and what an end amounts to.

The watch sees the upstream's own events only, never our pings, so nothing that peekd sends can pass for life.
Promised in docs/promises.md, "Ranks and terminals".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import IntEnum
from typing import Final, Literal

from peekd.healing.classify import outcome_of_error
from peekd.healing.settings import HealingSettings
from peekd.vocabulary import events as e
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.events import Erred, Event, Finished, Run, StopReason, Usage, merged
from peekd.vocabulary.outcomes import AnyOutcome


class Rank(IntEnum):
    """How much an event says."""

    IDLE = 0
    PROGRESS = 1
    MEANINGFUL = 2


_IDLE, _PROGRESS, _MEANINGFUL = Rank
"""Named once: until Python 3.12 an enum looks a member up as if it might not have it."""

Terminal = Literal["natural", "final", "malformed"]

TERMINALS: Mapping[StopReason, Terminal] = {
    # done by itself: with nothing before it, it said nothing
    "end": "natural",
    "tool_use": "natural",
    # stopped by a limit or a rule: an answer even with nothing before it
    "max_tokens": "final",
    "stop_sequence": "final",
    "pause": "final",
    "refusal": "final",
    "context_exceeded": "final",
    # the call cannot be used, or no reason can be named
    "malformed": "malformed",
    "other": "malformed",
}


def rank_of(event: Event) -> Rank:
    """Give an event's rank.

    >>> rank_of(e.TextDelta(0, "")), rank_of(e.TextDelta(0, "Hi"))
    (<Rank.IDLE: 0>, <Rank.MEANINGFUL: 2>)
    """
    match event:
        case e.TextDelta(text=text) | e.ThinkingDelta(text=text):
            return _MEANINGFUL if text else _IDLE
        case e.Opened(block=block):
            return _rank_of_block(block)
        case e.SignatureDelta():
            return _PROGRESS
        case e.ArgumentsDelta() | e.DataInline() | e.Searched() | e.OtherDelta():
            return _MEANINGFUL
        case _:
            return _IDLE


def _rank_of_block(block: e.Block) -> Rank:
    match block:
        case e.TextBlock(text=text):
            return _MEANINGFUL if text else _IDLE
        case e.ThinkingBlock(text=text):
            return _MEANINGFUL if text else _PROGRESS
        case e.RedactedBlock():
            return _PROGRESS
        case e.ToolCallBlock() | e.SearchBlock() | e.OtherBlock():
            return _MEANINGFUL


class Watch:
    """What one attempt's stream has shown so far. Times are the caller's monotonic clock, in seconds.

    `sent`: when the request was sent. `ends`: when the request's budget ends, if nothing progresses.
    `hurried`: little of the budget was left when the attempt began. `thoughts` False: the client sees none;
    they are progress then, and never what it waits for.
    """

    __slots__ = (
        "_ends",
        "_hurried",
        "_last_byte",
        "_open",
        "_progressed",
        "_sent",
        "_settings",
        "_thoughts",
        "ended",
        "error",
        "finished",
        "kept",
        "over",
        "overtaken",
        "rank",
        "said",
        "substance",
        "usage",
    )

    def __init__(
        self,
        settings: HealingSettings,
        sent: float,
        ends: float = math.inf,
        *,
        hurried: bool = False,
        thoughts: bool = True,
    ) -> None:
        self._thoughts = thoughts
        self._hurried = hurried and ends < sent + settings.peek_seconds
        self._settings = settings
        self._sent = sent
        self._ends = ends
        self._last_byte = sent
        self._progressed: float | None = None  # the last meaning, or the first progress
        self._open: list[int] = []  # blocks: one, as a rule, and an empty set is four times as large
        self.rank = _IDLE
        self.substance = False  # text, a tool call or data; thoughts alone are none
        self.finished: Finished | None = None
        self.ended = False
        self.over = False  # the last frame came, or an error: nothing that follows belongs to the answer
        self.error: Erred | None = None
        self.overtaken = False  # an error came when the answer was whole: it stands in the last frame's place
        self.usage = Usage()
        self.said = 0  # characters of words, thoughts and arguments
        self.kept: list[str] = []

    def see_bytes(self, now: float) -> None:
        """Note that the upstream sent something, be it a ping."""
        self._last_byte = now

    def excuse(self, seconds: float) -> None:
        """Leave out a time in which nobody read, since the client was slow: it is no silence of anybody's."""
        self._last_byte += seconds
        if self._progressed is not None:
            self._progressed += seconds

    def see(self, event: Event, now: float) -> Rank:
        """Take in one event; give its rank."""
        if isinstance(event, e.TextDelta) and event.text:  # nearly all of a stream
            self.said += len(event.text)
            self._progressed = now
            self.rank, self.substance = _MEANINGFUL, True
            return _MEANINGFUL
        if isinstance(event, e.Counted):  # with every one of those, where Gemini speaks
            self.usage = merged(self.usage, event.usage)
            return _IDLE
        kind = type(event)
        if kind in _MUTE:
            return _IDLE
        if kind in _MARKS:
            self._note(event)
            return _IDLE
        if isinstance(event, e.Opened):
            self._open.append(event.index)
            if isinstance(event.block, e.TextBlock) and not event.block.text:  # as nearly all begin
                return _IDLE
        self.said += _length(event)
        rank = rank_of(event)
        if rank is _MEANINGFUL or (rank is _PROGRESS and self._progressed is None):
            self._progressed = now
        if rank is _MEANINGFUL and not self._thoughts and is_thought(event):
            rank = _PROGRESS
        self.rank = max(self.rank, rank)
        self.substance = self.substance or (rank is _MEANINGFUL and not is_thought(event))
        return rank

    def see_run(self, run: Run, now: float) -> None:
        """Take in a run of words: the same as each of its events."""
        self.said += sum(map(len, run.texts))
        self._progressed = now
        self.rank, self.substance = _MEANINGFUL, True
        if run.usage is not None:
            self.usage = merged(self.usage, run.usage)

    def _note(self, event: Event) -> None:
        if isinstance(event, e.Closed):  # three to each answer: `match` takes twice as long
            index = event.index
            self._open = [one for one in self._open if one != index]
        elif isinstance(event, e.Finished):
            self.finished = self.finished or event
        elif isinstance(event, e.Ended):
            self.ended = self.over = True
        elif isinstance(event, e.Kept):
            self.kept.append(event.id)
        elif isinstance(event, e.Erred):
            self._note_error(event)

    def _note_error(self, error: Erred) -> None:
        self.over = True
        if self._is_whole():
            self.overtaken = True
        elif self.error is None:
            self.error = error

    def deadline(self) -> float:
        """When silence is too long, on the same clock.

        Until something progresses the peek deadline is absolute. From then on a stretch without meaning ends
        at `reasoning_seconds`, and silence without even a ping at `idle_seconds`.
        """
        if self._progressed is None:
            return min(self._sent + self._settings.peek_seconds, self._ends)
        return min(self._stretch_ends(self._progressed), self._idle_ends())

    def patience(self) -> float:
        """How long the deadline in force was, for the message: seconds."""
        if self._progressed is None:
            return min(self._settings.peek_seconds, self._ends - self._sent)
        stretched = self._stretch_ends(self._progressed) < self._idle_ends()
        return self._settings.reasoning_seconds if stretched else self._settings.idle_seconds

    def _stretch_ends(self, progressed: float) -> float:
        return progressed + self._settings.reasoning_seconds

    def _idle_ends(self) -> float:
        return self._last_byte + self._settings.idle_seconds

    # ---- what it amounts to ----

    def verdict(self) -> AnyOutcome | None:
        """While nothing is shown: what the attempt has come to, or None to go on peeking."""
        if self.error is not None:
            return outcome_of_error(self.error)
        if self.rank is _MEANINGFUL:
            return o.Accepted()
        if self.finished is not None:
            return self._of_terminal(self.finished)
        return self._at_end() if self.ended else None

    def _is_whole(self) -> bool:
        """Whether the terminal came, every block is closed, and so nothing that follows can take it back."""
        return (
            self.finished is not None
            and not self._open
            and self.error is None
            and TERMINALS[self.finished.reason] != "malformed"
        )

    @property
    def falsely_ended(self) -> bool:
        """Whether the last frame came without what makes an end whole; no client may take it for one."""
        return self.ended and not isinstance(self.at_end(shown=True), o.Completed)

    def _of_terminal(self, finished: Finished) -> AnyOutcome:
        """What a terminal means before any text, tool call or data."""
        native, said = finished.native, finished.message
        match TERMINALS[finished.reason]:
            case "natural":
                return o.Blank(type=native, message=said)
            case "final":
                return o.Accepted(type=native, message=said)
            case "malformed":
                return o.Malformed(type=native, message=said or "the model's call cannot be used")

    def at_silence(self, *, shown: bool) -> AnyOutcome:
        """The deadline passed."""
        waited = f"nothing came for {self.patience():.0f} s"
        if shown:
            return o.Stalled(message=waited)
        if self._hurried and self._progressed is None:
            spent = f"the time for this request was spent after {self.patience():.1f} s"
            return o.Silent(type=o.BUDGET_SPENT, message=spent)
        return o.Silent(message=waited) if self.rank is not _MEANINGFUL else o.Truncated(message=waited)

    def at_end(self, *, shown: bool) -> AnyOutcome:
        """The body ended, erred or reached its last frame. `shown`: the client has seen meaning of it."""
        outcome = self._at_end()
        if not shown or isinstance(outcome, o.Completed):
            return outcome
        if isinstance(outcome, o.Blank):  # thoughts were shown, and then it was done
            return self._whole()
        return o.Broken(type=outcome.type, message=outcome.message)

    def _at_end(self) -> AnyOutcome:
        """What an end amounts to where nothing has been shown."""
        if self.error is not None:
            return outcome_of_error(self.error)
        if self.finished is None and self.rank is not _MEANINGFUL:
            return o.Empty(message="the body ended before anything was said")
        if self.finished is None:
            return o.Truncated(message="the body ended without a reason to stop")
        if self._open:
            return o.Truncated(message="the body ended inside a block")
        if not self.substance or self.finished.reason == "malformed":
            outcome = self._of_terminal(self.finished)
            if not isinstance(outcome, o.Accepted):
                return outcome
        return self._whole()

    def _whole(self) -> o.Completed:
        return o.Completed(note="" if self.ended else "last_frame_supplied")


_MUTE: Final[frozenset[type[Event]]] = frozenset({e.Started, e.Beat, e.Unknown})
"""Events of which nothing is noted."""

_MARKS: Final[frozenset[type[Event]]] = frozenset({e.Closed, e.Finished, e.Ended, e.Kept, e.Erred})
"""Idle events that bear on what an end amounts to. Most of a short answer's events are these and the mute."""


def _length(event: Event) -> int:
    match event:
        case e.TextDelta(text=said) | e.ThinkingDelta(text=said) | e.ArgumentsDelta(fragment=said):
            return len(said)
        case _:
            return 0


def is_thought(event: Event) -> bool:
    """Whether an event is words of a thought, which not every client sees."""
    match event:
        case e.ThinkingDelta() | e.Opened(block=e.ThinkingBlock()):
            return True
        case _:
            return False
