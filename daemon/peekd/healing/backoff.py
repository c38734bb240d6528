"""How long to pause before the same upstream is asked again."""

from __future__ import annotations

from peekd.healing.policy import Rule

JITTER_SHARE = 0.25
"""The random part: a pause that grows is longer by up to this share, so that many requests do not come back
at once. A fixed one is what it says."""

TOLD_LIMIT = 10.0
"""An upstream that asks for a longer pause than this (seconds) is not waited for with the same account."""


def pause(rule: Rule, nth: int, *, told: float | None, jitter: float) -> float:
    """Seconds to pause before the `nth` retry (from 1) by `rule`; `jitter` is from 0 to 1.

    What the upstream asked for (`told`) is the least.

    >>> from peekd.healing.policy import POLICY
    >>> [pause(POLICY["overloaded"], n, told=None, jitter=0.0) for n in (1, 2, 3, 4, 5)]
    [1.0, 2.0, 4.0, 8.0, 8.0]
    >>> pause(POLICY["overloaded"], 1, told=3.5, jitter=0.0)
    3.5
    >>> pause(POLICY["signature"], 1, told=None, jitter=1.0)
    0.2
    """
    if rule.pace == "fixed":
        return max(rule.base, told or 0.0)
    growth = {"": 0.0, "linear": float(nth), "exponential": 2.0 ** (nth - 1)}[rule.pace]
    own = min(rule.base * growth, rule.cap) * (1 + JITTER_SHARE * jitter)
    return max(own, told or 0.0)
