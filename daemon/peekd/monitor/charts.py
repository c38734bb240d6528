"""Charts as drawings and as tables: geometry for server-drawn SVG, which needs no library. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo

import msgspec

from peekd.monitor import said
from peekd.monitor.search import RANGES
from peekd.store.charts import Bucket, Share, Span

WIDTH, HEIGHT = 720, 200
"""In the drawing's own units, scales included."""

_LEFT, _TOP, _BOTTOM = 56, 8, 24
_TICKS_ACROSS = 6
_DAY = 86400
_LEAST = 1e-9
"""What is smaller is drawn as nothing: less than a nanosecond, or than a billionth of a dollar."""

BUCKETS: Mapping[str, float] = {"5m": 10.0, "1h": 60.0, "6h": 300.0, "24h": 900.0, "7d": 7200.0}
"""By the range shown, the seconds of one bucket."""

Say = Callable[[float | None], str]


class Block(msgspec.Struct, frozen=True):
    """A bar, or a part of one that is stacked. `series` from 1, in the order of the legend."""

    series: int
    x: float
    y: float
    width: float
    height: float
    label: str


class Trace(msgspec.Struct, frozen=True):
    """A line through points, as SVG writes them; a gap begins a new one. A point alone is drawn as a dot."""

    series: int
    points: str
    dot: tuple[float, float] | None = None


class Tick(msgspec.Struct, frozen=True):
    """A mark on a scale."""

    at: float
    label: str


class Chart(msgspec.Struct, frozen=True):
    """A drawing with its table. `summary` says in words what it shows, for those who do not see it."""

    id: str
    title: str
    legend: tuple[str, ...]
    blocks: tuple[Block, ...]
    traces: tuple[Trace, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    summary: str


class Series(msgspec.Struct, frozen=True):
    """One row of figures of a chart, one for each bucket; None: there is none."""

    name: str
    values: tuple[float | None, ...]


def span_of(name: str, now: float) -> Span:
    """Give the span of a range that ends with the bucket of `now`, on whole buckets.

    >>> span_of("1h", 3_661.0)
    Span(since=120.0, until=3720.0, bucket=60.0)
    """
    bucket = BUCKETS[name]
    until = (math.floor(now / bucket) + 1) * bucket
    return Span(until - RANGES[name], until, bucket)


def filled(buckets: Sequence[Bucket], span: Span) -> tuple[Bucket, ...]:
    """Give a bucket for each stretch of the span; those without requests are empty."""
    places = {round((bucket.start - span.since) / span.bucket): bucket for bucket in buckets}
    count = round((span.until - span.since) / span.bucket)
    return tuple(places.get(place) or Bucket(span.since + place * span.bucket, 0) for place in range(count))


def time_charts(buckets: Sequence[Bucket], span: Span, zone: tzinfo | None) -> list[Chart]:
    """Draw what happened over time; `zone` None is this machine's."""
    every = filled(buckets, span)
    times = _Times(tuple(bucket.start for bucket in every), span, zone)
    return [
        _chart("requests", "Requests", times, _stacked(every, "good", "healed", "failed"), said.count),
        _chart(
            "first",
            "First meaning: the middle request, and the 95th of 100",
            times,
            (
                Series("p50", tuple(bucket.p50 for bucket in every)),
                Series("p95", tuple(bucket.p95 for bucket in every)),
            ),
            said.seconds,
            lines=True,
        ),
        _chart("tokens", "Tokens", times, _stacked(every, "prompt", "output", "wasted"), said.count),
        _chart("cost", "Cost, by peekd's own price list", times, _stacked(every, "cost"), said.dollars),
    ]


def _stacked(buckets: Sequence[Bucket], *names: str) -> tuple[Series, ...]:
    return tuple(Series(_NAMES[name], tuple(_FIGURES[name](bucket) for bucket in buckets)) for name in names)


_NAMES = {
    "good": "at the first attempt",
    "healed": "healed",
    "failed": "failed",
    "prompt": "in",
    "output": "out",
    "wasted": "of them wasted",
    "cost": "US dollars",
}

_FIGURES: Mapping[str, Callable[[Bucket], float | None]] = {
    "good": lambda bucket: bucket.requests - bucket.healed - bucket.failed,
    "healed": lambda bucket: bucket.healed,
    "failed": lambda bucket: bucket.failed,
    "prompt": lambda bucket: bucket.prompt,
    "output": lambda bucket: bucket.output,
    "wasted": lambda bucket: bucket.wasted,
    "cost": lambda bucket: bucket.cost,
}


class Ranked(msgspec.Struct, frozen=True):
    """One row of a table of shares, with the length of its bar (0 to 100) and what it says."""

    name: str
    percent: float
    cells: tuple[str, ...]


SHARE_HEAD = ("attempts", "completed", "tokens in", "from cache", "out", "wasted", "cost")


def ranked(shares: Sequence[Share]) -> list[Ranked]:
    """Give the rows of a table of shares; the longest bar is the most frequent one's."""
    most = max((share.attempts for share in shares), default=1)
    return [
        Ranked(
            share.name,
            round(100 * share.attempts / most, 1),
            (
                said.count(share.attempts),
                said.count(share.completed),
                said.count(share.prompt),
                said.count(share.cached),
                said.count(share.output),
                said.count(share.wasted),
                said.dollars(share.cost),
            ),
        )
        for share in shares
    ]


# ---- geometry ---------------------------------------------------------------------------------------


class _Times(msgspec.Struct, frozen=True):
    starts: tuple[float, ...]
    span: Span
    zone: tzinfo | None

    def label(self, at: float) -> str:
        shape = "%a %H:%M" if self.span.until - self.span.since > _DAY else "%H:%M"
        if self.span.bucket < BUCKETS["1h"]:
            shape = "%H:%M:%S"
        return datetime.fromtimestamp(at, tz=self.zone).strftime(shape)

    @property
    def width(self) -> float:
        return (WIDTH - _LEFT) / len(self.starts)


def _chart(
    name: str, title: str, times: _Times, series: tuple[Series, ...], say: Say, *, lines: bool = False
) -> Chart:
    sums = [[value or 0.0 for value in one.values] for one in series]
    tops = [max(column) if lines else sum(column) for column in zip(*sums, strict=True)]
    top = nice(max(tops, default=0.0))
    head = ("from", *(one.name for one in series))
    told = [
        (times.label(start), *(say(value) for value in values))
        for start, *values in zip(times.starts, *(one.values for one in series), strict=True)
        if any(values)
    ]
    return Chart(
        id=name,
        title=title,
        legend=tuple(one.name for one in series),
        blocks=() if lines else tuple(_blocks(times, series, top, say)),
        traces=tuple(_traces(times, series, top)) if lines else (),
        across=tuple(_across(times)),
        up=tuple(Tick(_y(top * part / 2, top), say(top * part / 2)) for part in range(3)) if top else (),
        head=head,
        rows=tuple(told),
        summary=_summary(title, series, tops, say) if any(tops) else f"{title}: nothing in this range",
    )


def _summary(title: str, series: Sequence[Series], tops: Sequence[float], say: Say) -> str:
    names = " and ".join(one.name for one in series)
    return f"{title}: {names} over time, at most {say(max(tops))} in one stretch of time"


def nice(value: float) -> float:
    """Give the end of a scale: the next 1, 2 or 5 with zeros that is not below; 0 for nothing.

    >>> [nice(value) for value in (0, 5e-324, 0.03, 7, 11, 400)]
    [0.0, 0.0, 0.05, 10.0, 20.0, 500.0]
    """
    if value < _LEAST:
        return 0.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(round(size * step, 12) for step in (1, 2, 5, 10) if size * step >= value * 0.999999)


def _y(value: float, top: float) -> float:
    return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - value / top), 2)


def _x(times: _Times, place: int) -> float:
    return round(_LEFT + place * times.width, 2)


def _blocks(times: _Times, series: Sequence[Series], top: float, say: Say) -> Iterator[Block]:
    if not top:
        return
    gap = min(2.0, times.width * 0.2)
    for place, start in enumerate(times.starts):
        below = 0.0
        for number, one in enumerate(series, 1):
            value = one.values[place] or 0.0
            if value <= 0:
                continue
            y = _y(below + value, top)
            label = f"{times.label(start)}: {say(value)} {one.name}"
            height = round(_y(below, top) - y, 2)
            yield Block(number, _x(times, place), y, round(times.width - gap, 2), height, label)
            below += value


def _traces(times: _Times, series: Sequence[Series], top: float) -> Iterator[Trace]:
    for number, one in enumerate(series, 1):
        run: list[tuple[float, float]] = []
        for place, value in enumerate((*one.values, None)):
            if value is not None:
                run.append((
                    round(_x(times, place) + times.width / 2, 2),
                    _y(value, top) if top else _y(0, 1),
                ))
            elif run:
                points = " ".join(f"{x},{y}" for x, y in run)
                yield Trace(number, points, run[0] if len(run) == 1 else None)
                run = []


def _across(times: _Times) -> Iterator[Tick]:
    every = max(1, len(times.starts) // _TICKS_ACROSS)
    for place in range(0, len(times.starts), every):
        yield Tick(_x(times, place), times.label(times.starts[place]))
