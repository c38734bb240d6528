"""How long a rest follows which outcome, and whether an account may still be asked meanwhile: a table.

A hard cooldown keeps the account out until it ends. A soft one only puts it behind the others ("tired").
Whose record it stands in is `parties`'.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from peekd.accounts.parties import OF_A_MODEL, PARTIES, party_of
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome, name_of

SHORTEST = 1.0
"""Seconds: the least an account rests, however little it was told to."""


class Cooldown(msgspec.Struct, frozen=True, gc=False):
    """A rest from `since` to `until` (monotonic seconds).

    It is for one `model`, or (None) for all. `cause` is an outcome's name, `because` the reason in words.
    `by`: in a record that accounts share, the one that met it. `url`: where a person can mend it.
    `final`: the account was shut out for good.
    """

    since: float
    until: float
    cause: str
    because: str
    model: str | None = None
    hard: bool = True
    by: str = ""
    url: str = ""
    final: bool = False

    def holds(self, model: str | None, now: float) -> bool:
        """Whether it is in force for this model; None asks for cooldowns of the whole account only."""
        return now < self.until and self.model in {None, model}


class CooldownRule(msgspec.Struct, frozen=True):
    """One row: the n-th failure in a row by this cause rests the n-th of `ladder` seconds, the last repeats.

    `obeys`: the upstream's own word for how long goes before the ladder. `passes`: the rest ends the trouble;
    false means that it is merely asked again later, and waiting for it would be vain. `person`: someone must
    mend it. `probed`: when the rest is over, one request tries alone whether the trouble is.
    """

    ladder: tuple[float, ...]
    hard: bool = True
    obeys: bool = False
    passes: bool = True
    person: bool = False
    probed: bool = False


_STOPPED = CooldownRule((7200,), passes=False, person=True, probed=True)
"""An account that was shut out for good, whatever outcome says so."""

_TABLE: Mapping[type[Outcome], CooldownRule] = {
    # limits: the account is out until a time
    o.RateLimited: CooldownRule((30,), obeys=True),
    o.QuotaExhausted: CooldownRule((60, 300, 1800, 7200), obeys=True, probed=True),
    # what a person must mend: asked again now and then, since a key may have been replaced
    o.Unauthorized: CooldownRule((60, 300, 1800), passes=False, person=True, probed=True),
    o.PaymentRequired: CooldownRule((1800,), passes=False, person=True, probed=True),
    o.Forbidden: CooldownRule((300,), passes=False, person=True, probed=True),
    o.ValidationRequired: CooldownRule((600,), passes=False, person=True, probed=True),
    o.ModelNotFound: CooldownRule((300,), passes=False),
    # the upstream's trouble, or the way to it
    o.Overloaded: CooldownRule((15,), hard=False, obeys=True),
    o.ServerError: CooldownRule((20,), hard=False, obeys=True),
    o.Unreachable: CooldownRule((5,), hard=False),
    o.HeadersTimeout: CooldownRule((20,), hard=False),
    # answers that went wrong: others are preferred for a moment
    o.Silent: CooldownRule((20,), hard=False),
    o.Stalled: CooldownRule((20,), hard=False),
    o.Empty: CooldownRule((10,), hard=False),
    o.Truncated: CooldownRule((10,), hard=False),
    o.Malformed: CooldownRule((10,), hard=False),
    o.ErrorInStream: CooldownRule((10,), hard=False),
    o.Broken: CooldownRule((10,), hard=False),
}

COOLDOWNS: Mapping[str, CooldownRule] = {name_of(outcome): rule for outcome, rule in _TABLE.items()}

GOOD = frozenset(name_of(outcome) for outcome in (o.Accepted, o.Completed))
"""The account did its work: failures in a row are forgotten, and it is no longer tired."""

SPARED = frozenset(name for name, party in PARTIES.items() if party in {"client", "peekd", "request"})
"""Outcomes that say nothing about an account, for better or worse."""


def rule_of(outcome: Outcome) -> CooldownRule | None:
    """The row for an outcome; None where nobody rests for it."""
    return _STOPPED if outcome.stop else COOLDOWNS.get(name_of(outcome))


def cooldown_after(outcome: Outcome, *, model: str | None, nth: int, now: float) -> Cooldown | None:
    """Give the rest that follows the `nth` failure in a row (from 1) by this cause, or None.

    `model`: the one that the record is for; None: for all.

    >>> rest = cooldown_after(o.QuotaExhausted(), model=None, nth=2, now=100.0)
    >>> rest.until, rest.because
    (400.0, 'quota_exhausted, number 2 in a row: 300 s')
    >>> cooldown_after(o.RateLimited(retry_after=0.2), model=None, nth=1, now=100.0).until
    101.0
    """
    rule = rule_of(outcome)
    if rule is None:
        return None
    seconds, why = _seconds(outcome, rule, nth)
    return Cooldown(
        since=now,
        until=now + seconds,
        cause=name_of(outcome),
        because=f"{name_of(outcome)}, {why}: {seconds:g} s",
        model=model,
        hard=rule.hard,
        url=outcome.url if isinstance(outcome, o.ValidationRequired) else "",
        final=outcome.stop,
    )


def _seconds(outcome: Outcome, rule: CooldownRule, nth: int) -> tuple[float, str]:
    """How long, and why so long."""
    told = outcome.retry_after if rule.obeys else None
    if told is not None and math.isfinite(told):
        return max(told, SHORTEST), "as the upstream asked"
    seconds = rule.ladder[min(nth, len(rule.ladder)) - 1]
    return seconds, "for good by the upstream's words" if outcome.stop else f"number {nth} in a row"


def model_for(outcome: Outcome, model: str) -> str | None:
    """The model that an outcome's record is for; None: for all."""
    return model if party_of(outcome) in OF_A_MODEL and not outcome.stop else None
