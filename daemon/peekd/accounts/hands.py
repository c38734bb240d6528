"""What is done to an account by hand, or for good. All raise KeyError where there is no such account."""

from __future__ import annotations

import msgspec

from peekd.accounts.health import Health, renewed
from peekd.accounts.pool import Pool
from peekd.vocabulary.outcomes import Unauthorized, name_of

TURNED_AWAY = name_of(Unauthorized)


def enable(pool: Pool, name: str) -> Pool:
    """Let an account serve."""
    return _switched(pool, name, disabled=False, because="")


def disable(pool: Pool, name: str, because: str = "") -> Pool:
    """Keep an account from serving until it is enabled, and say why; what it does now goes on."""
    return _switched(pool, name, disabled=True, because=because)


def reset(pool: Pool, name: str) -> Pool:
    """Forget the cooldowns, failures and reports of this account, and of no other."""
    health = pool.health[name]
    empty = Health()
    health = msgspec.structs.replace(
        health, streaks=(), cooldowns=(), probe=None, paces=empty.paces, reports=empty.reports
    )
    return msgspec.structs.replace(pool, health={**pool.health, name: health})


def renew(pool: Pool, name: str) -> Pool:
    """The account has a new credential: what the old one was turned away for no longer holds."""
    health = renewed(pool.health[name], TURNED_AWAY)
    return msgspec.structs.replace(pool, health={**pool.health, name: health})


def _switched(pool: Pool, name: str, *, disabled: bool, because: str) -> Pool:
    if name not in pool.health:
        raise KeyError(name)
    accounts = tuple(
        msgspec.structs.replace(one, disabled=disabled, because=because) if one.name == name else one
        for one in pool.accounts
    )
    return msgspec.structs.replace(pool, accounts=accounts)
