"""What a request has spent so far, read off its history."""

from __future__ import annotations

from collections.abc import Iterable

from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import AnyOutcome

IN_STREAM_STATUS = 200
"""An error object inside a 200 has no status of its own, and the model was reached."""

CHEAP: frozenset[type[o.Outcome]] = frozenset({
    o.RateLimited,
    o.QuotaExhausted,
    o.Unauthorized,
    o.PaymentRequired,
    o.Forbidden,
    o.ValidationRequired,
    o.ModelNotFound,
    o.Signature,
    o.Rejected,
    o.TooLarge,
})
"""Refusals that cost nothing: the model was not reached. They count against accounts, not attempts."""


def attempts_spent(steps: Iterable[tuple[str, AnyOutcome]]) -> int:
    """Count the attempts that reached the model or may have, and refusals by an account asked before.

    >>> limited = o.RateLimited(status=429)
    >>> attempts_spent([("a", limited), ("b", o.Silent()), ("a", limited)])
    2
    """
    spent, asked = 0, set[str]()
    for account, outcome in steps:
        if account:
            refused = type(outcome) in CHEAP and outcome.status != IN_STREAM_STATUS
            spent += not refused or account in asked
            asked.add(account)
    return spent
