"""When a second attempt may start beside one that shows nothing, and whether: bounds, and what was learnt.

Values in, values out: who holds them is `relay.hedging`. A hedge costs a second prompt, so it must be rare,
and must never do twice what may be done once.
"""

from __future__ import annotations

import math

import msgspec

from peekd.healing.settings import HedgingSettings
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import AnyOutcome

WINDOW = 200
"""Times to the first meaning that are remembered of a model."""

ENOUGH = 20
"""How many are needed before they are gone by."""

SHARE = 0.95
"""How many of the answers begin sooner than the time after which a second is asked."""

MOST = 5.0
"""Hedges that may be saved up over a quiet time."""

LIMITS = (o.RateLimited, o.QuotaExhausted, o.Overloaded)
"""Outcomes after which a request is asked once at a time: there is too little of something already."""


class Bucket(msgspec.Struct, frozen=True):
    """How many hedges may be begun: each request adds its share, each hedge takes one."""

    level: float = 0.0

    def filled(self, share: float) -> Bucket:
        """Add what one request adds.

        >>> Bucket(4.99).filled(0.03).level
        5.0
        """
        return Bucket(min(MOST, self.level + share))

    def drawn(self) -> Bucket | None:
        """Take one; None where there is none to take."""
        return Bucket(self.level - 1.0) if self.level >= 1.0 else None


class Pace(msgspec.Struct, frozen=True):
    """How soon a model began its last answers, in seconds, oldest first."""

    times: tuple[float, ...] = ()

    def noted(self, seconds: float) -> Pace:
        """Add one; the oldest goes."""
        return Pace((*self.times, seconds)[-WINDOW:])

    def delay(self, settings: HedgingSettings) -> float:
        """Seconds without meaning after which a second attempt may start: their p95, within bounds.

        >>> Pace((1.0,) * 95 + (9.0,) * 5).delay(HedgingSettings(min_seconds=0.5))
        1.0
        """
        if len(self.times) < ENOUGH:
            return settings.max_seconds
        rank = math.ceil(SHARE * len(self.times)) - 1
        return max(settings.min_seconds, min(sorted(self.times)[rank], settings.max_seconds))


class Prospect(msgspec.Struct, frozen=True):
    """What is known of a request whose attempt shows nothing.

    `before`: outcomes of its attempts so far. `attempts` and `accounts` with both of those under way;
    `prompt`: its estimated tokens, and `resent` those that would have been sent again. `fresh`: another
    account, which it has not asked, could serve now. `bound`: it names what one account holds, or replays
    what only one can read. `effects`: to ask it twice may do something twice. `left`: seconds of its budget.
    """

    before: tuple[AnyOutcome, ...]
    attempts: int
    max_attempts: int
    accounts: int
    max_accounts: int
    prompt: int
    resent: int
    max_resent: int
    fresh: bool
    bound: bool
    effects: bool
    left: float


def why_not(prospect: Prospect, settings: HedgingSettings) -> str:
    """Name what speaks against a second attempt, "" for nothing."""
    p = prospect
    rows = (
        (any(isinstance(outcome, LIMITS) for outcome in p.before), "a limit was met before"),
        (p.bound, "one account alone can serve it"),
        (not p.fresh, "no other account is free"),
        (p.prompt > settings.max_prompt_tokens, f"its prompt has about {p.prompt} tokens"),
        (p.effects, "to ask it twice may do something twice"),
        (p.attempts > p.max_attempts, "its attempts are spent"),
        (p.accounts > p.max_accounts, "its accounts are spent"),
        (0 < p.max_resent < p.resent, "its prompt may not be sent again"),
        (p.left <= 0, "its time is spent"),
    )
    return next((words for holds, words in rows if holds), "")
