"""How fast an account is with a model: a moving mean of the time to the first meaningful event."""

from __future__ import annotations

import msgspec

NEWEST = 0.3
"""The part of a new measure in the mean."""

HALF_LIFE = 300.0
"""Seconds after which a mean counts half: who was slow once is tried again."""


class Pace(msgspec.Struct, frozen=True, gc=False):
    """Seconds to the first meaningful event, as last learned `at` (monotonic seconds)."""

    seconds: float
    at: float


def learned(before: Pace | None, seconds: float, now: float) -> Pace:
    """Take a measure into the mean.

    >>> learned(Pace(1.0, at=0.0), 2.0, now=5.0)
    Pace(seconds=1.3, at=5.0)
    """
    mean = seconds if before is None else before.seconds + NEWEST * (seconds - before.seconds)
    return Pace(mean, now)


def expected(pace: Pace | None, now: float) -> float | None:
    """Give the seconds to expect, the fewer the longer ago they were learned; None: nothing is known.

    >>> expected(Pace(8.0, at=0.0), now=600.0)
    2.0
    """
    return None if pace is None else float(pace.seconds * 0.5 ** ((now - pace.at) / HALF_LIFE))
