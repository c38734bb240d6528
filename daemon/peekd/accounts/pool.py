"""All accounts together, as a value. What is done with it: `leasing`, `waiting`, `ties`, `hands`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from peekd.accounts.account import Account, serves
from peekd.accounts.health import Health
from peekd.accounts.sessions import Bindings
from peekd.accounts.settings import SchedulingSettings
from peekd.accounts.storms import CLEAR, Sky
from peekd.accounts.wanted import Target, Wanted


class Pool(msgspec.Struct, frozen=True, gc=False):
    """Accounts in the order of the file, the health of each by name, and the sessions' ties.

    `shared`: by upstream, the troubles that its accounts have in common; `skies`: by upstream, its storms.
    `leased` counts the leases ever given, and numbers them. `rounds`: per upstream, the turn that was last.
    `held`: which account holds what a request may name by an id.
    """

    accounts: tuple[Account, ...]
    health: Mapping[str, Health]
    scheduling: SchedulingSettings = SchedulingSettings()
    shared: Mapping[str, Health] = msgspec.field(default_factory=dict[str, Health])
    skies: Mapping[str, Sky] = msgspec.field(default_factory=dict[str, Sky])
    bindings: Bindings = Bindings()
    held: Bindings = Bindings()
    leased: int = 0
    rounds: Mapping[str, float] = msgspec.field(default_factory=dict[str, float])


WELL = Health()
"""Of an upstream of which nothing bad is known."""


def open_pool(accounts: Iterable[Account], scheduling: SchedulingSettings = SchedulingSettings()) -> Pool:  # noqa: B008  a frozen value
    """Give a pool in which nobody has been asked yet. Raises ValueError where two accounts share a name."""
    listed = tuple(accounts)
    health = {account.name: Health() for account in listed}
    if len(health) < len(listed):
        raise ValueError("two accounts have the same name")
    return Pool(listed, health, scheduling)


def listed(pool: Pool, wanted: Wanted, target: Target) -> Iterator[Account]:
    """Give the accounts that are configured for a target, in the order of the file."""
    upstream, model, only = target.upstream, target.model, wanted.only
    for one in pool.accounts if wanted.among is None else wanted.among:
        if one.upstream == upstream and serves(one, model) and (only is None or only == one.name):
            yield one


def shared_of(pool: Pool, upstream: str) -> Health:
    """Give what the accounts of an upstream have in common."""
    return pool.shared.get(upstream, WELL)


def sky_of(pool: Pool, upstream: str) -> Sky:
    """Give the storms of an upstream."""
    return pool.skies.get(upstream, CLEAR)
