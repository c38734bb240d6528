"""How one account fares: what it is doing now, and what became of its last attempts."""

from __future__ import annotations

import msgspec

from peekd.accounts.cooldown import COOLDOWNS, Cooldown, cooldown_after, scope_of
from peekd.vocabulary.outcomes import Outcome, name_of


class Streak(msgspec.Struct, frozen=True):
    """Failures in a row by one cause, for one model or (None) the account; `at`: when the last was booked."""

    cause: str
    model: str | None
    count: int
    at: float


class Health(msgspec.Struct, frozen=True):
    """`leases`: numbers of the attempts under way. `last_used`: when one was last begun, None: never.

    `share`: how much of its turns it has had, 1/weight for each; the account with the least is next.
    """

    leases: frozenset[int] = frozenset()
    streaks: tuple[Streak, ...] = ()
    cooldowns: tuple[Cooldown, ...] = ()
    last_used: float | None = None
    share: float = 0.0

    @property
    def in_flight(self) -> int:
        """Count the attempts under way."""
        return len(self.leases)

    def resting(self, model: str | None, now: float) -> tuple[Cooldown, ...]:
        """Give the hard cooldowns in force: with one of them it must not be asked."""
        return tuple(rest for rest in self.cooldowns if rest.hard and rest.holds(model, now))

    def tired(self, model: str | None, now: float) -> tuple[Cooldown, ...]:
        """Give the soft cooldowns in force: with one of them others go first."""
        return tuple(rest for rest in self.cooldowns if not rest.hard and rest.holds(model, now))


def praised(health: Health, *, model: str, since: float, now: float) -> Health:
    """Book a success of an attempt that began at `since`.

    It speaks only of what was booked before it began: an answer that has been streaming since before a limit
    was hit does not prove that the limit is gone. Hard cooldowns always last until they end.
    """
    ours = {None, model}
    return msgspec.structs.replace(
        health,
        streaks=tuple(s for s in health.streaks if s.model not in ours or s.at > since),
        cooldowns=tuple(
            rest
            for rest in health.cooldowns
            if now < rest.until and (rest.hard or rest.model not in ours or rest.since > since)
        ),
    )


def blamed(health: Health, outcome: Outcome, *, model: str, since: float, now: float) -> Health:
    """Book a failure of an attempt that began at `since`; an outcome without a cooldown changes nothing.

    Attempts that were under way together and fail by one cause count as one failure: a burst must not climb
    the ladder to its top at once.
    """
    rule = COOLDOWNS.get(name_of(outcome))
    if rule is None:
        return health
    key = (name_of(outcome), model if scope_of(outcome, rule) == "model" else None)
    before = next((s for s in health.streaks if (s.cause, s.model) == key), None)
    count = 1 if before is None else before.count + (since > before.at)
    rest = cooldown_after(outcome, model=model, nth=count, now=now)
    others = tuple(s for s in health.streaks if s is not before)
    return msgspec.structs.replace(
        health,
        streaks=(*others, Streak(*key, count=count, at=now)),
        cooldowns=health.cooldowns if rest is None else _joined(health.cooldowns, rest, now),
    )


def _joined(cooldowns: tuple[Cooldown, ...], new: Cooldown, now: float) -> tuple[Cooldown, ...]:
    """Add a cooldown: those that ended go, and of two by the same cause the one that ends later stays."""
    kept = [rest for rest in cooldowns if now < rest.until]
    same = [rest for rest in kept if (rest.cause, rest.model) == (new.cause, new.model)]
    last = max([*same, new], key=lambda rest: rest.until)
    merged = msgspec.structs.replace(last, since=now)
    return (*(rest for rest in kept if rest not in same), merged)
