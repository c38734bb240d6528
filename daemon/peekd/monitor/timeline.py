"""The drawing of one request over time: bars for attempts, parted by phase, and pauses. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from operator import itemgetter

import msgspec

from peekd.monitor import said
from peekd.records.entries import AttemptRecord, RequestRecord

WIDTH, LEFT, ROW, TOP = 1000, 150, 34, 22
"""In the drawing's own units: its width, where time begins, the height of a row, and of the scale above."""

_TICKS = 5
_SHORTEST = 2.0
"""Width of a stretch that is too short to be seen otherwise."""

PHASES: Mapping[str, str] = {
    "queue": "waiting for a connection",
    "connect": "connecting",
    "sent": "sending the request",
    "headers": "waiting for the status line",
    "first_byte": "waiting for the first byte",
    "first_meaning": "peeking: nothing of meaning yet",
    "last": "relaying the answer",
    "end": "ending",
}
"""By the mark at which a phase is over: what was done until then."""


_ORDER = tuple(PHASES)


class Stretch(msgspec.Struct, frozen=True):
    """A part of a bar: a phase, or a pause. `x` and `width` in the drawing's units."""

    phase: str
    label: str
    x: float
    width: float
    took: str


class Bar(msgspec.Struct, frozen=True):
    """One row of the drawing."""

    name: str
    y: int
    stretches: tuple[Stretch, ...]
    good: bool
    outcome: str


class Tick(msgspec.Struct, frozen=True):
    """A mark on the scale."""

    x: float
    label: str


class Drawing(msgspec.Struct, frozen=True):
    """A whole timeline, `height` units high. `phases`: those that come up, with what they mean."""

    height: int
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    phases: tuple[tuple[str, str], ...]
    took: str


class _Scale(msgspec.Struct, frozen=True):
    whole: float

    def x(self, at: float) -> float:
        return round(LEFT + min(max(at, 0.0), self.whole) / self.whole * (WIDTH - LEFT - 10), 2)


def draw(record: RequestRecord, now: float) -> Drawing:
    """Draw a request; one that is open is drawn up to `now` (wall time)."""
    until = record.seconds if record.seconds is not None else max(now - record.came, 0.0)
    ends = [attempt.ended or attempt.started for attempt in record.attempts]
    whole = max([until, *ends, *(at + length for at, length, _ in record.waits), 0.001])
    scale = _Scale(whole)
    rows = sorted(
        [(attempt.started, _attempt(attempt, until, scale)) for attempt in record.attempts]
        + [(at, _pause(at, length, scale)) for at, length, _ in record.waits],
        key=itemgetter(0),
    )
    bars = tuple(msgspec.structs.replace(bar, y=TOP + number * ROW) for number, (_, bar) in enumerate(rows))
    seen = {stretch.phase for bar in bars for stretch in bar.stretches}
    named = {**PHASES, "pause": "pausing before the next attempt"}
    return Drawing(
        height=TOP + len(bars) * ROW + 8,
        bars=bars,
        ticks=tuple(_ticks(scale)),
        phases=tuple((phase, label) for phase, label in named.items() if phase in seen),
        took=said.seconds(whole),
    )


def stretches(attempt: AttemptRecord, until: float) -> Iterator[tuple[str, float, float]]:
    """Part an attempt by its marks: phase, from, to (seconds since the request came), in their order."""
    end = attempt.ended if attempt.ended is not None else until
    known = [(at, name) for name, at in attempt.marks.items() if name in PHASES]
    within = [mark for mark in known if attempt.started <= mark[0] <= end]
    reached = [(attempt.started, ""), *sorted(within, key=lambda mark: (mark[0], _ORDER.index(mark[1])))]
    for (begin, _), (over, phase) in pairwise(reached):
        yield phase, begin, over
    last = reached[-1]
    if end > last[0]:
        yield _next(last[1]), last[0], end


def _next(reached: str) -> str:
    """Name the phase that follows a mark: what was waited for when the attempt ended."""
    if not reached:
        return "sent"
    return _ORDER[min(_ORDER.index(reached) + 1, len(_ORDER) - 1)]


def _attempt(attempt: AttemptRecord, until: float, scale: _Scale) -> Bar:
    parts = tuple(
        _stretch(phase, PHASES[phase], begin, end, scale) for phase, begin, end in stretches(attempt, until)
    )
    return Bar(
        name=f"attempt {attempt.number}",
        y=0,
        stretches=parts,
        good=attempt.outcome in {"", "accepted", "completed"},
        outcome=attempt.outcome or "under way",
    )


def _pause(at: float, length: float, scale: _Scale) -> Bar:
    stretch = _stretch("pause", "pausing before the next attempt", at, at + length, scale)
    return Bar("pause", 0, (stretch,), good=True, outcome="")


def _stretch(phase: str, label: str, begin: float, over: float, scale: _Scale) -> Stretch:
    x = scale.x(begin)
    width = round(max(scale.x(over) - x, _SHORTEST), 2)
    return Stretch(phase, label, min(x, WIDTH - width), width, said.seconds(over - begin))


def _ticks(scale: _Scale) -> Iterator[Tick]:
    for number in range(_TICKS + 1):
        at = scale.whole * number / _TICKS
        yield Tick(scale.x(at), said.seconds(at))
