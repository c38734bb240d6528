"""How long an account rests after which outcome, and whether it may still be asked meanwhile: a table.

A hard cooldown keeps the account out until it ends. A soft one only puts it behind the others ("tired").
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import msgspec

from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome, name_of

SHORTEST = 1.0
"""Seconds: the least an account rests, however little it was told to."""


class Cooldown(msgspec.Struct, frozen=True):
    """An account's rest from `since` to `until` (monotonic seconds).

    It is for one `model`, or (None) for all. `cause` is an outcome's name, `because` the reason in words.
    """

    since: float
    until: float
    cause: str
    because: str
    model: str | None = None
    hard: bool = True

    def holds(self, model: str | None, now: float) -> bool:
        """Whether it is in force for this model; None asks for cooldowns of the whole account only."""
        return now < self.until and self.model in {None, model}


class CooldownRule(msgspec.Struct, frozen=True):
    """One row: the n-th failure in a row by this cause rests the n-th of `ladder` seconds, the last repeats.

    `scope`: the whole account, this model of it, or as the outcome itself says ("told"). `obeys`: the
    upstream's own word for how long goes before the ladder. `passes`: the rest ends the trouble; false means
    that it is merely asked again later, and waiting for it would be vain. `person`: someone must mend it.
    """

    ladder: tuple[float, ...]
    hard: bool = True
    scope: Literal["account", "model", "told"] = "account"
    obeys: bool = False
    passes: bool = True
    person: bool = False


_TABLE: Mapping[type[Outcome], CooldownRule] = {
    # limits: the account is out until a time
    o.RateLimited: CooldownRule((30,), scope="told", obeys=True),
    o.QuotaExhausted: CooldownRule((60, 300, 1800, 7200), scope="told", obeys=True),
    # what a person must mend: asked again now and then, since a key may have been replaced
    o.Unauthorized: CooldownRule((60, 300, 1800), passes=False, person=True),
    o.PaymentRequired: CooldownRule((1800,), passes=False, person=True),
    o.Forbidden: CooldownRule((300,), scope="model", passes=False, person=True),
    o.ValidationRequired: CooldownRule((600,), passes=False, person=True),
    o.ModelNotFound: CooldownRule((300,), scope="model", passes=False),
    # the upstream's trouble, or the way to it: others are preferred for a moment
    o.Overloaded: CooldownRule((15,), hard=False, scope="model", obeys=True),
    o.ServerError: CooldownRule((20,), hard=False),
    o.Unreachable: CooldownRule((5,), hard=False),
    o.HeadersTimeout: CooldownRule((20,), hard=False),
    o.Silent: CooldownRule((20,), hard=False),
    o.Stalled: CooldownRule((20,), hard=False),
    o.Empty: CooldownRule((10,), hard=False),
    o.Truncated: CooldownRule((10,), hard=False),
    o.Malformed: CooldownRule((10,), hard=False, scope="model"),
    o.ErrorInStream: CooldownRule((10,), hard=False),
    o.Broken: CooldownRule((10,), hard=False),
}

COOLDOWNS: Mapping[str, CooldownRule] = {name_of(outcome): rule for outcome, rule in _TABLE.items()}

GOOD = frozenset(name_of(outcome) for outcome in (o.Accepted, o.Completed))
"""The account did its work: failures in a row are forgotten, and it is no longer tired."""

SPARED = frozenset(
    name_of(outcome)
    for outcome in (
        *(o.Rejected, o.TooLarge, o.Signature),  # the request's fault
        *(o.ClientGone, o.Superseded, o.Drained, o.Internal, o.NoAccount),  # nobody's fault upstream
        o.Blank,  # mostly the model's answer
    )
)
"""Outcomes that say nothing about an account, for better or worse."""


def cooldown_after(outcome: Outcome, *, model: str, nth: int, now: float) -> Cooldown | None:
    """Give the rest that follows the `nth` failure in a row (from 1) by this cause, or None.

    >>> rest = cooldown_after(o.QuotaExhausted(), model="m", nth=2, now=100.0)
    >>> rest.until, rest.because
    (400.0, 'quota_exhausted, number 2 in a row: 300 s')
    >>> cooldown_after(o.RateLimited(retry_after=0.2), model="m", nth=1, now=100.0).until
    101.0
    """
    cause = name_of(outcome)
    rule = COOLDOWNS.get(cause)
    if rule is None:
        return None
    told = outcome.retry_after if rule.obeys else None
    if told is not None and math.isfinite(told):
        seconds, why = max(told, SHORTEST), f"{cause}, as the upstream asked"
    else:
        seconds, why = rule.ladder[min(nth, len(rule.ladder)) - 1], f"{cause}, number {nth} in a row"
    return Cooldown(
        since=now,
        until=now + seconds,
        cause=cause,
        because=f"{why}: {seconds:g} s",
        model=model if scope_of(outcome, rule) == "model" else None,
        hard=rule.hard,
    )


def scope_of(outcome: Outcome, rule: CooldownRule) -> str:
    """Whether a cooldown by this outcome is the whole "account"'s or one "model"'s."""
    match outcome:
        case o.RateLimited(scope=scope) | o.QuotaExhausted(scope=scope):
            return scope
        case _:
            return rule.scope
