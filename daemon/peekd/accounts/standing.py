"""What of an account outlives the process: how it rests and why, and that a hand disabled it. In wall time.

A pool's times are monotonic, which mean nothing after a restart; `shift` is what makes wall time of them.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from peekd.accounts.cooldown import COOLDOWNS, Cooldown
from peekd.accounts.hands import TURNED_AWAY, disable
from peekd.accounts.health import Health, Streak
from peekd.accounts.pool import Pool


class Standing(msgspec.Struct, frozen=True):
    """How an account stood; all times are wall time in seconds.

    `disabled`: by hand, and `because` is why; not where the settings say so.
    """

    account: str
    cooldowns: tuple[Cooldown, ...] = ()
    streaks: tuple[Streak, ...] = ()
    disabled: bool = False
    because: str = ""


def standing_of(pool: Pool, name: str, *, disabled: bool, shift: float) -> Standing:
    """Give what is to be kept of an account. `disabled`: by hand."""
    health = pool.health[name]
    account = next((one for one in pool.accounts if one.name == name), None)
    return Standing(
        name,
        tuple(_moved(rest, shift) for rest in health.cooldowns),
        tuple(msgspec.structs.replace(streak, at=streak.at + shift) for streak in health.streaks),
        disabled=disabled,
        because=account.because if disabled and account is not None else "",
    )


def restored(pool: Pool, standings: Iterable[Standing], *, now: float, shift: float) -> Pool:
    """Give the pool with what was kept; of accounts that are gone nothing is.

    A clock that was set back meanwhile prolongs no rest beyond its own length, and makes no failure of the
    future. What a credential was turned away for, though not for good, is tried at once by one request: it
    may be another now.
    """
    for standing in standings:
        if standing.account not in pool.health:
            continue
        health = _health(pool.health[standing.account], standing, now=now, shift=shift)
        pool = msgspec.structs.replace(pool, health={**pool.health, standing.account: health})
        if standing.disabled:
            pool = disable(pool, standing.account, standing.because)
    return pool


def _health(health: Health, standing: Standing, *, now: float, shift: float) -> Health:
    rests = (_back(rest, now, shift) for rest in standing.cooldowns)
    return msgspec.structs.replace(
        health,
        cooldowns=tuple(
            rest
            for rest in rests
            if now < rest.until and rest.cause in COOLDOWNS and (rest.cause != TURNED_AWAY or rest.final)
        ),
        streaks=tuple(
            msgspec.structs.replace(streak, at=min(now, streak.at - shift)) for streak in standing.streaks
        ),
    )


def _moved(rest: Cooldown, by: float) -> Cooldown:
    return msgspec.structs.replace(rest, since=rest.since + by, until=rest.until + by)


def _back(rest: Cooldown, now: float, shift: float) -> Cooldown:
    """Give a rest in monotonic time, no longer than it was."""
    moved = _moved(rest, -shift)
    return msgspec.structs.replace(
        moved, since=min(now, moved.since), until=min(moved.until, now + rest.until - rest.since)
    )
