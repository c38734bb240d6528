"""One configuration's accounts after another's: what goes on by name, what begins anew, what is forgotten."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

import msgspec

from peekd.accounts.account import Account
from peekd.accounts.health import Health
from peekd.accounts.pool import Pool


def adopt(pool: Pool, said: Iterable[Account], accounts: Iterable[Account]) -> Pool:
    """Take these accounts in place of those there are. `said`: the old ones as their settings had them.

    By name, health, ties, leases and switches by hand go on; an account at another upstream than before is
    somebody else, and begins anew. Those that are listed no longer keep their health until `forget`.
    """
    was = {account.name: account for account in said}
    switched = switches(pool)
    listed = tuple(_carried(one, was.get(one.name), switched.get(one.name)) for one in accounts)
    moved = {one.name for one in listed if one.name in was and was[one.name].upstream != one.upstream}
    health = {name: Health(leases=old.leases) if name in moved else old for name, old in pool.health.items()}
    for one in listed:
        health.setdefault(one.name, Health())
    return msgspec.structs.replace(pool, accounts=listed, health=health)


def forget(pool: Pool, names: Container[str]) -> Pool:
    """Drop what is known of accounts that are none of these, but for those that have a lease."""
    health = {name: one for name, one in pool.health.items() if name in names or one.leases}
    upstreams = {account.upstream for account in pool.accounts}
    rounds = {upstream: turn for upstream, turn in pool.rounds.items() if upstream in upstreams}
    shared = {upstream: one for upstream, one in pool.shared.items() if upstream in upstreams}
    skies = {upstream: sky for upstream, sky in pool.skies.items() if upstream in upstreams}
    return msgspec.structs.replace(pool, health=health, rounds=rounds, shared=shared, skies=skies)


def switches(pool: Pool) -> Mapping[str, Account]:
    """Give the accounts as they stand now, by name."""
    return {account.name: account for account in pool.accounts}


def switched(accounts: Iterable[Account], pool: Pool) -> tuple[Account, ...]:
    """Give accounts of an earlier configuration, those disabled that were disabled by hand since."""
    now = switches(pool)
    return tuple(_carried(one, one, now.get(one.name)) for one in accounts)


def _carried(new: Account, said: Account | None, now: Account | None) -> Account:
    """Carry over whether it is disabled: what a hand did stays, unless the settings have changed their mind.

    What was disabled for a reason stays so whatever they say: only a hand enables it again.
    """
    if now is None or said is None:
        return new
    if now.because or said.disabled == new.disabled:
        return msgspec.structs.replace(new, disabled=now.disabled, because=now.because)
    return new
