"""How one account fares, or what accounts of an upstream share: failures in a row, and the rests they earned.

Beside that, what only an account has: what it is doing now, how fast it is, and what it is said to have left.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from peekd.accounts.cooldown import COOLDOWNS, Cooldown, cooldown_after, model_for, rule_of
from peekd.accounts.pace import Pace
from peekd.vocabulary.outcomes import Outcome, name_of
from peekd.vocabulary.quotas import Quota


class Streak(msgspec.Struct, frozen=True, gc=False):
    """Failures in a row by one cause, for one model or (None) the account; `at`: when the last was booked.

    `by`: in a record that accounts share, the one that met them. `probes`: once the rest that they earned is
    over, one request tries alone whether the trouble is.
    """

    cause: str
    model: str | None
    count: int
    at: float
    by: str = ""
    probes: bool = False


class Report(msgspec.Struct, frozen=True, gc=False):
    """The least that an upstream said is left of a quota. `until`: from then on it means nothing."""

    share: float
    until: float


class Health(msgspec.Struct, frozen=True, gc=False):
    """`leases`: numbers of the attempts under way. `last_used`: when one was last begun, None: never.

    `share`: how much of its turns it has had, 1/weight for each; the account with the least is next.
    `probe`: the lease that tries alone whether a trouble is over. `begun`: when the attempts of the last
    minute were, where they are limited. `paces` by model; `reports` by model, None: for all.
    """

    leases: frozenset[int] = frozenset()
    streaks: tuple[Streak, ...] = ()
    cooldowns: tuple[Cooldown, ...] = ()
    last_used: float | None = None
    share: float = 0.0
    probe: int | None = None
    begun: tuple[float, ...] = ()
    paces: Mapping[str, Pace] = msgspec.field(default_factory=dict[str, Pace])
    reports: Mapping[str | None, Report] = msgspec.field(default_factory=dict[str | None, Report])

    @property
    def in_flight(self) -> int:
        """Count the attempts under way."""
        return len(self.leases)

    def resting(self, model: str | None, now: float) -> tuple[Cooldown, ...]:
        """Give the hard cooldowns in force: with one of them it must not be asked."""
        return tuple(rest for rest in self.cooldowns if rest.hard and rest.holds(model, now))

    def tired(self, model: str | None, now: float, *, by: str = "") -> tuple[Cooldown, ...]:
        """Give the soft cooldowns in force: with one of them others go first."""
        return tuple(
            rest for rest in self.cooldowns if not rest.hard and rest.by == by and rest.holds(model, now)
        )

    def half_open(self, model: str) -> bool:
        """Whether one request at a time may try if a trouble is over. To be asked where nothing rests."""
        return any(streak.probes and streak.model in {None, model} for streak in self.streaks)

    def left(self, model: str, now: float) -> float | None:
        """Give the least share of its quota that is said to be left, None where nothing is known."""
        if not self.reports:
            return None
        known = (self.reports.get(key) for key in (model, None))
        return min((one.share for one in known if one is not None and now < one.until), default=None)


def praised(health: Health, *, model: str, since: float, now: float, by: str = "") -> Health:
    """Book a success of an attempt that began at `since`.

    It speaks only of what was booked before it began: an answer that has been streaming since before a limit
    was hit does not prove that the limit is gone. Hard cooldowns always last until they end.
    """
    if not health.streaks and not health.cooldowns:
        return health
    ours = {None, model}
    return msgspec.structs.replace(
        health,
        streaks=tuple(s for s in health.streaks if s.model not in ours or s.by != by or s.at > since),
        cooldowns=tuple(
            rest
            for rest in health.cooldowns
            if now < rest.until
            and (rest.hard or rest.model not in ours or rest.by != by or rest.since > since)
        ),
    )


def blamed(  # noqa: PLR0913  the attempt in three words, and how it counts
    health: Health,
    outcome: Outcome,
    *,
    model: str,
    since: float,
    now: float,
    by: str = "",
    climbs: bool = True,
) -> Health:
    """Book a failure of an attempt that began at `since`; an outcome without a cooldown changes nothing.

    Attempts that were under way together and fail by one cause count as one failure: a burst must not climb
    the ladder to its top at once. Where it does not climb (`climbs`), it rests by the rung where it stood.
    """
    rule = rule_of(outcome)
    if rule is None:
        return health
    key = (name_of(outcome), model_for(outcome, model))
    before = next((s for s in health.streaks if (s.cause, s.model, s.by) == (*key, by)), None)
    count = 1 if before is None else before.count + (climbs and since > before.at)
    rest = cooldown_after(outcome, model=key[1], nth=count, now=now)
    others = tuple(s for s in health.streaks if s is not before)
    return msgspec.structs.replace(
        health,
        streaks=(*others, Streak(*key, count=count, at=now, by=by, probes=rule.probed)),
        cooldowns=_joined(health.cooldowns, rest, by, now),
    )


def renewed(health: Health, cause: str) -> Health:
    """What rested the account by this cause is gone, and needs no probe; if it comes again, it climbs on."""
    return msgspec.structs.replace(
        health,
        cooldowns=tuple(rest for rest in health.cooldowns if rest.cause != cause),
        streaks=tuple(
            msgspec.structs.replace(s, probes=False) if s.cause == cause else s for s in health.streaks
        ),
    )


def reported(health: Health, quotas: tuple[Quota, ...], *, model: str, now: float) -> Health:
    """Take over what an upstream says is left: the least of what holds for the same, in place of the old."""
    told: dict[str | None, Report] = {}
    for quota in quotas:
        key = None if quota.whole else model
        before = told.get(key)
        if before is None or quota.share < before.share:
            told[key] = Report(quota.share, now + quota.seconds)
    return msgspec.structs.replace(health, reports={**health.reports, **told})


def doubted(health: Health, model: str) -> Health:
    """The account was limited: what was said to be left for this model is not believed any longer."""
    kept = {key: one for key, one in health.reports.items() if key not in {None, model}}
    return health if len(kept) == len(health.reports) else msgspec.structs.replace(health, reports=kept)


def _joined(
    cooldowns: tuple[Cooldown, ...], new: Cooldown | None, by: str, now: float
) -> tuple[Cooldown, ...]:
    """Add a cooldown: those that ended go, and of two by the same cause the one that ends later stays."""
    if new is None:
        return cooldowns
    new = msgspec.structs.replace(new, by=by)
    kept = [rest for rest in cooldowns if now < rest.until]
    same = [rest for rest in kept if (rest.cause, rest.model, rest.by) == (new.cause, new.model, new.by)]
    last = max([*same, new], key=lambda rest: rest.until)
    merged = msgspec.structs.replace(last, since=now)
    return (*(rest for rest in kept if rest not in same), merged)


def person_mends(cause: str) -> bool:
    """Whether somebody must do something about this cause."""
    return cause in COOLDOWNS and COOLDOWNS[cause].person
