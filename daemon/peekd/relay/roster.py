"""The accounts at work: the pool as it is now, and every way in which it changes."""

from __future__ import annotations

from collections.abc import Container, Iterable

import trio

from peekd.accounts.account import Account
from peekd.accounts.pool import (
    disable,
    enable,
    holder,
    keep,
    lease,
    open_pool,
    renew,
    reset,
    settle,
    strangers,
    survey,
)
from peekd.accounts.sessions import bound
from peekd.accounts.states import AccountState, describe
from peekd.accounts.succession import adopt, forget, switched
from peekd.accounts.tally import Tally, counted
from peekd.accounts.wanted import Lease, Rest, Survey, Target, Wanted
from peekd.records.narrate import said
from peekd.relay.archive import Archive
from peekd.store.interface import Bound
from peekd.vocabulary.outcomes import Blank, Outcome


class Roster:
    """One per house. The pool is a value: every change replaces it, without an await in between."""

    def __init__(self, crew: tuple[Account, ...], archive: Archive) -> None:
        """`crew`: the accounts as the settings have them."""
        self.pool = open_pool(crew)
        self._crew = crew
        self._archive = archive
        self._tallies: dict[str, Tally] = {}

    # ---- leases ----

    def lease(self, wanted: Wanted) -> Lease | Rest:
        """Take an account for the next attempt."""
        self.pool, leased = lease(self.pool, wanted, trio.current_time())
        return leased

    def settle(self, leased: Lease, outcome: Outcome) -> None:
        """Book what became of an attempt."""
        self.pool = settle(self.pool, leased, outcome, trio.current_time())
        before = self.tally(leased.account)
        self._tallies[leased.account] = counted(before, outcome, said(outcome), self._archive.now())

    def glance(self, wanted: Wanted) -> Lease | Rest:
        """Whom `lease` would take, without taking anybody: the pool that it would make is dropped."""
        return lease(self.pool, wanted, trio.current_time())[1]

    def survey(self, wanted: Wanted, *, left: Lease | None = None) -> Survey:
        """Who could be asked next. `left`: a lease still in use, to be thought of as given back."""
        now = trio.current_time()
        pool = self.pool if left is None else settle(self.pool, left, Blank(), now)
        return survey(pool, wanted, now)

    def renew(self, account: str) -> None:
        """An account has another credential: what the old one was turned away for no longer holds."""
        self.pool = renew(self.pool, account)

    # ---- other settings ----

    def adopt(self, crew: tuple[Account, ...]) -> None:
        """Take other accounts in place of those there are; what is known of one goes on by its name."""
        self.pool = adopt(self.pool, self._crew, crew)
        self._crew = crew

    def forget(self, names: Container[str]) -> None:
        """Drop what is known of accounts that are none of these."""
        self.pool = forget(self.pool, names)
        self._tallies = {name: tally for name, tally in self._tallies.items() if name in names}

    def among(self, crew: tuple[Account, ...]) -> tuple[Account, ...] | None:
        """What a request under these accounts says in `Wanted.among`: nothing while they are the pool's."""
        return None if crew is self._crew else switched(crew, self.pool)

    def is_disabled(self, account: str) -> bool:
        """Whether an account is kept from serving."""
        return any(one.disabled for one in self.pool.accounts if one.name == account)

    # ---- by hand, or for good ----

    def enable(self, account: str) -> None:
        """Let an account serve. Raises KeyError where there is no such account; so do the two below."""
        self.pool = enable(self.pool, account)

    def disable(self, account: str, because: str) -> None:
        """Keep an account from serving until it is enabled; what it does now goes on."""
        self.pool = disable(self.pool, account, because)

    def reset(self, account: str) -> None:
        """Forget an account's cooldowns and failures."""
        self.pool = reset(self.pool, account)

    # ---- what accounts hold ----

    def keep(self, account: str, ids: Iterable[str]) -> None:
        """Remember that an account holds what these ids name."""
        for new in (one for one in ids if bound(self.pool.held, one) != account):
            self.pool = keep(self.pool, account, (new,))
            self._archive.bind(new, account)

    def recall(self, kept: Iterable[Bound]) -> None:
        """Take over what a store has kept; what accounts hold that are gone is of no use."""
        for one in kept:
            if one.account in self.pool.health:
                self.pool = keep(self.pool, one.account, (one.id,))

    def holder(
        self, ids: Iterable[str], targets: Iterable[Target], among: tuple[Account, ...] | None = None
    ) -> str | None:
        """Who holds what these ids name, where that is known and it can serve a target."""
        return holder(self.pool, ids, targets, among)

    def strangers(self, account: str, ids: Iterable[str]) -> frozenset[str]:
        """Which of these another account is known to hold."""
        return strangers(self.pool, account, ids)

    # ---- how they stand ----

    def states(self) -> tuple[AccountState, ...]:
        """How the accounts stand."""
        return describe(self.pool, trio.current_time())

    def tally(self, account: str) -> Tally:
        """What became of an account's attempts since the start."""
        return self._tallies.get(account, Tally())
