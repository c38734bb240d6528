"""The made-up upstream: fifty accounts of unequal worth, with windows, limits, outages and bad days."""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec
from simulation.dice import Dice

from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import AnyOutcome
from peekd.vocabulary.quotas import Quota

HOUR: Final = 3600.0
WINDOW: Final = 5 * HOUR
MINUTE: Final = 60.0
CACHE_SECONDS: Final = 300.0
"""How long an account keeps a session's prompt after its last turn."""

CACHED: Final = 0.45
"""What part of the time to the first word a kept prompt leaves."""

CROWD: Final = 0.12
"""How much slower each attempt under way makes the next one of its account."""


class Outage(msgspec.Struct, frozen=True):
    """From `begins` to `ends` nearly every attempt fails in this way, whoever asks."""

    begins: float
    ends: float
    outcome: AnyOutcome


class Answer(msgspec.Struct, frozen=True):
    """What an attempt comes to: its outcome, after how long; for an answer, how long its words take then."""

    outcome: AnyOutcome
    after: float
    words: float = 0.0
    quotas: tuple[Quota, ...] = ()
    cached: bool = False


class Vendor(msgspec.Struct):
    """One account as its upstream has it. `slow`: from when to when it is slow, and how much."""

    name: str
    speed: float
    window: int
    per_minute: int
    tells: bool
    flaky: float
    slow: tuple[float, float, float]
    begun: float = 0.0
    used: int = 0
    under_way: int = 0
    last: deque[float] = msgspec.field(default_factory=deque[float])
    prompts: dict[int, float] = msgspec.field(default_factory=dict[int, float])


class Provider:
    """Answers attempts; all it does follows its seed, and nothing that peekd does."""

    def __init__(self, accounts: int, seconds: float, seed: int) -> None:
        dice = Dice(f"provider {seed}")
        self.vendors = [_vendor(dice, number, seconds) for number in range(accounts)]
        self.outages = _outages(dice, seconds)
        self._dice = Dice(f"answers {seed}")

    def answer(self, number: int, session: int, now: float) -> Answer:
        """Decide what an attempt of this account comes to."""
        vendor, dice = self.vendors[number], self._dice
        outage = next((one for one in self.outages if one.begins <= now < one.ends), None)
        if outage is not None and dice.random() < 0.97:
            return Answer(outage.outcome, 0.3 if outage.outcome.status else 2.0)
        limit = self._limit(vendor, now)
        if limit is not None:
            return Answer(limit, 0.2)
        vendor.used += 1
        vendor.last.append(now)
        if dice.random() < vendor.flaky:
            return dice.choice((
                Answer(o.ServerError(status=500), 0.5),
                Answer(o.Overloaded(status=529), 0.3),
                Answer(o.Silent(), 30.0),
                Answer(o.Empty(), 1.0),
            ))
        return self._words(vendor, session, now)

    def _words(self, vendor: Vendor, session: int, now: float) -> Answer:
        begins, ends, factor = vendor.slow
        cached = now - vendor.prompts.get(session, -CACHE_SECONDS) < CACHE_SECONDS
        first = vendor.speed * self._dice.lognormvariate(0, 0.35) * (1 + CROWD * vendor.under_way)
        first *= (factor if begins <= now < ends else 1.0) * (CACHED if cached else 1.0)
        words = self._dice.uniform(2, 25)
        vendor.prompts[session] = now + first + words
        left = Quota(1 - vendor.used / vendor.window, max(0.0, vendor.begun + WINDOW - now))
        return Answer(o.Completed(), first, words, (left,) if vendor.tells else (), cached)

    def _limit(self, vendor: Vendor, now: float) -> AnyOutcome | None:
        if now >= vendor.begun + WINDOW:
            vendor.begun, vendor.used = now, 0
        while vendor.last and vendor.last[0] <= now - MINUTE:
            vendor.last.popleft()
        if vendor.used >= vendor.window:
            told = vendor.begun + WINDOW - now if vendor.tells else None
            return o.QuotaExhausted(status=429, retry_after=told)
        if len(vendor.last) >= vendor.per_minute:
            return o.RateLimited(status=429, retry_after=vendor.last[0] + MINUTE - now)
        return None


def _vendor(dice: Dice, number: int, seconds: float) -> Vendor:
    slow = dice.uniform(0, seconds)
    return Vendor(
        name=f"account{number:02}",
        speed=dice.lognormvariate(0.5, 0.4) * (3.0 if dice.random() < 0.15 else 1.0),
        window=dice.choice((60, 150, 150, 400, 400)),
        per_minute=dice.choice((4, 8, 8, 20)),
        tells=dice.random() < 0.6,
        flaky=dice.choice((0.005, 0.01, 0.01, 0.15)),
        slow=(slow, slow + dice.uniform(0.5, 3) * HOUR, dice.uniform(4, 12)),
        begun=-dice.uniform(0, WINDOW),
    )


def _outages(dice: Dice, seconds: float) -> list[Outage]:
    """One in two hours, for half a minute to six; each kind about as often."""
    kinds = (
        o.Overloaded(status=529),
        o.ServerError(status=500),
        o.RateLimited(status=429),
        o.QuotaExhausted(status=429),
        o.Unreachable(),
    )
    count = max(1, round(seconds / (2 * HOUR)))
    begins = sorted(dice.uniform(0.02, 0.95) * seconds for _ in range(count))
    return [
        Outage(begin, begin + dice.uniform(30, 360), kinds[number % len(kinds)])
        for number, begin in enumerate(begins)
    ]
