"""The ledger summed up over time: requests, latencies, healing by cause, tokens and cost. Blocking.

Every figure is of the requests that came from `since` on and before `until`, in buckets of equal length.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final, Literal

import msgspec

from peekd.store.queries import Reader

MOST_BUCKETS: Final = 2000

By = Literal["account", "upstream", "model", "cause"]


class Span(msgspec.Struct, frozen=True):
    """A stretch of time, in seconds since 1970, and the length of a bucket in seconds."""

    since: float
    until: float
    bucket: float


class Bucket(msgspec.Struct, frozen=True):
    """What came in one bucket. `p50` and `p95`: seconds to the first meaning, None where nothing had any.

    Tokens are those of all attempts; `wasted` of them went to attempts of which no client got anything.
    """

    start: float
    requests: int
    failed: int = 0
    healed: int = 0
    p50: float | None = None
    p95: float | None = None
    prompt: int = 0
    output: int = 0
    wasted: int = 0
    cost: float | None = None


class Share(msgspec.Struct, frozen=True):
    """The part of one account, upstream or model, or of one cause of another attempt, in all attempts."""

    name: str
    attempts: int
    completed: int
    prompt: int
    cached: int
    output: int
    wasted: int
    cost: float | None


_COUNTS: Final = """
    SELECT CAST((came - :since) / :bucket AS INTEGER), COUNT(*), SUM(failed), SUM(healed)
    FROM requests WHERE came >= :since AND came < :until GROUP BY 1 ORDER BY 1
"""
_SUMS: Final = """
    SELECT CAST((came - :since) / :bucket AS INTEGER), SUM(attempts.prompt), SUM(attempts.output),
        SUM(attempts.wasted), SUM(attempts.cost)
    FROM requests JOIN attempts ON attempts.request = requests.id
    WHERE came >= :since AND came < :until GROUP BY 1 ORDER BY 1
"""
_MEANINGS: Final = """
    SELECT CAST((came - :since) / :bucket AS INTEGER) AS place, first_meaning
    FROM requests WHERE came >= :since AND came < :until AND first_meaning IS NOT NULL
    ORDER BY place, first_meaning
"""
_SHARES: Final = """
    SELECT attempts.{name}, COUNT(*), SUM(attempts.outcome = 'completed'), SUM(attempts.prompt),
        SUM(attempts.cached), SUM(attempts.output), SUM(attempts.wasted), SUM(attempts.cost)
    FROM requests JOIN attempts ON attempts.request = requests.id
    WHERE came >= :since AND came < :until AND attempts.{name} != ''
    GROUP BY 1 ORDER BY 2 DESC, 1
"""


def buckets(reader: Reader, span: Span) -> list[Bucket]:
    """Sum a span up, without empty buckets. Raises ValueError where there would be too many."""
    if span.bucket <= 0 or (span.until - span.since) / span.bucket > MOST_BUCKETS:
        raise ValueError(f"expected at most {MOST_BUCKETS} buckets")
    values = msgspec.structs.asdict(span)
    meanings = {
        place: [float(str(value)) for _, value in rows]
        for place, rows in groupby(reader.rows(_MEANINGS, values), key=itemgetter(0))
    }
    sums = {row[0]: row[1:] for row in reader.rows(_SUMS, values)}
    made: list[Bucket] = []
    for place, requests, failed, healed in msgspec.convert(
        reader.rows(_COUNTS, values), list[tuple[int, int, int, int]]
    ):
        prompt, output, wasted, cost = msgspec.convert(sums.get(place, (None,) * 4), _Sums)
        times = meanings.get(place, [])
        made.append(
            Bucket(
                start=span.since + place * span.bucket,
                requests=requests,
                failed=failed,
                healed=healed,
                p50=percentile(times, 0.50),
                p95=percentile(times, 0.95),
                prompt=prompt or 0,
                output=output or 0,
                wasted=wasted or 0,
                cost=cost,
            )
        )
    return made


_Sums = tuple[int | None, int | None, int | None, float | None]
_Shared = tuple[str, int, int, int | None, int | None, int | None, int | None, float | None]


def shares(reader: Reader, span: Span, by: By) -> list[Share]:
    """Part a span's attempts by what they have in common, the most frequent first."""
    rows = reader.rows(_SHARES.format(name=by), msgspec.structs.asdict(span))
    return [
        Share(name, attempts, completed, prompt or 0, cached or 0, output or 0, wasted or 0, cost)
        for name, attempts, completed, prompt, cached, output, wasted, cost in msgspec.convert(
            rows, list[_Shared]
        )
    ]


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Give the value that this share of them does not pass (nearest rank); None of none.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5), percentile([], 0.5)
    (2.0, None)
    """
    if not ordered:
        return None
    rank = -(-len(ordered) * share // 1)  # rounded up
    return ordered[max(0, int(rank) - 1)]
