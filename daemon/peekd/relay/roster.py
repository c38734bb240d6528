"""The accounts at work: the pool as it is now, and every way in which it changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable

import msgspec
import trio

from peekd.accounts.account import Account
from peekd.accounts.hands import disable, enable, renew, reset
from peekd.accounts.health import Health
from peekd.accounts.leasing import heard, lease, report, settle
from peekd.accounts.pool import open_pool
from peekd.accounts.sessions import bound
from peekd.accounts.settings import SchedulingSettings
from peekd.accounts.standing import Standing, restored, standing_of
from peekd.accounts.states import AccountState, UpstreamState, describe, describe_upstreams
from peekd.accounts.succession import adopt, forget, switched
from peekd.accounts.tally import Tally, counted
from peekd.accounts.ties import holder, keep, strangers
from peekd.accounts.waiting import survey
from peekd.accounts.wanted import Lease, Rest, Survey, Target, Wanted
from peekd.records.narrate import said
from peekd.relay.archive import Archive
from peekd.store.interface import Bound
from peekd.vocabulary.outcomes import Blank, Outcome
from peekd.vocabulary.quotas import Quota


class Roster:  # noqa: PLR0904  every way in which the pool changes, and nothing else
    """One per house. The pool is a value: every change replaces it, without an await in between."""

    def __init__(
        self, crew: tuple[Account, ...], archive: Archive, clock: Callable[[], float] = trio.current_time
    ) -> None:
        """`crew`: the accounts as the settings have them. `clock`: trio's."""
        self._clock = clock
        self.pool = open_pool(crew)
        self._crew = crew
        self._archive = archive
        self._tallies: dict[str, Tally] = {}
        self._by_hand: set[str] = set()

    def schedule(self, scheduling: SchedulingSettings) -> None:
        """Choose among accounts by these settings from now on."""
        self.pool = msgspec.structs.replace(self.pool, scheduling=scheduling)

    # ---- leases ----

    def lease(self, wanted: Wanted) -> Lease | Rest:
        """Take an account for the next attempt."""
        self.pool, leased = lease(self.pool, wanted, self._clock())
        return leased

    def lease_fitting(self, wanted: Wanted, fits: Callable[[Lease], bool]) -> Lease | Rest | None:
        """Take the account that `lease` would; None, and nobody is taken, where that one does not fit."""
        pool, leased = lease(self.pool, wanted, self._clock())
        if isinstance(leased, Lease) and not fits(leased):
            return None
        self.pool = pool
        return leased

    def report(self, leased: Lease, quotas: tuple[Quota, ...]) -> None:
        """Take over what an attempt's upstream says is left of its account's quota."""
        if quotas:
            self.pool = report(self.pool, leased, quotas, self._clock())

    def heard(self, leased: Lease) -> None:
        """An attempt's first meaningful event has come."""
        stood = self.pool.health[leased.account]
        self.pool = heard(self.pool, leased, self._clock())
        self._keep_standing(leased.account, stood)

    def settle(self, leased: Lease, outcome: Outcome) -> None:
        """Book what became of an attempt."""
        stood = self.pool.health[leased.account]
        self.pool = settle(self.pool, leased, outcome, self._clock())
        self._keep_standing(leased.account, stood)
        before = self.tally(leased.account)
        self._tallies[leased.account] = counted(before, outcome, said, self._archive.now())

    def glance(self, wanted: Wanted) -> Lease | Rest:
        """Whom `lease` would take, without taking anybody: the pool that it would make is dropped."""
        return lease(self.pool, wanted, self._clock())[1]

    def survey(self, wanted: Wanted, *, left: Lease | None = None) -> Survey:
        """Who could be asked next. `left`: a lease still in use, to be thought of as given back."""
        now = self._clock()
        pool = self.pool if left is None else settle(self.pool, left, Blank(), now)
        return survey(pool, wanted, now)

    def renew(self, account: str) -> None:
        """An account has another credential: what the old one was turned away for no longer holds."""
        stood = self.pool.health[account]
        self.pool = renew(self.pool, account)
        self._keep_standing(account, stood)

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

    def enable(self, account: str, *, by_hand: bool = True) -> None:
        """Let an account serve; one that a hand disabled, only `by_hand`.

        Raises KeyError where there is no such account; so do the two below.
        """
        if not by_hand and account in self._by_hand:
            return
        self.pool = enable(self.pool, account)
        self._by_hand.discard(account)
        self._keep_standing(account)

    def disable(self, account: str, because: str, *, by_hand: bool = True) -> None:
        """Keep an account from serving until it is enabled; what it does now goes on.

        Only what was done `by_hand` outlives the process.
        """
        self.pool = disable(self.pool, account, because)
        if by_hand:
            self._by_hand.add(account)
            self._keep_standing(account)

    def reset(self, account: str) -> None:
        """Forget an account's cooldowns and failures."""
        self.pool = reset(self.pool, account)
        self._keep_standing(account)

    # ---- what outlives the process ----

    def stand(self, kept: Iterable[Standing]) -> None:
        """Take over how accounts stood when a process before this one ended."""
        known = [one for one in kept if one.account in self.pool.health]
        self._by_hand |= {one.account for one in known if one.disabled}
        self.pool = restored(self.pool, known, now=trio.current_time(), shift=self._shift())

    def _shift(self) -> float:
        """What makes wall time of the monotonic clock's, just now."""
        return self._archive.now() - trio.current_time()

    def _keep_standing(self, account: str, before: Health | None = None) -> None:
        """Write down how an account stands, where that is another than `before`."""
        health = self.pool.health[account]
        if before is not None and before.cooldowns == health.cooldowns and before.streaks == health.streaks:
            return
        by_hand = account in self._by_hand
        self._archive.write(standing_of(self.pool, account, disabled=by_hand, shift=self._shift()))

    # ---- what accounts hold ----

    def keep(self, account: str, ids: Iterable[str]) -> None:
        """Remember that an account holds what these ids name."""
        for new in ids:
            if bound(self.pool.held, new) != account:
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

    def strangers(self, account: str, ids: Collection[str]) -> frozenset[str]:
        """Which of these another account is known to hold."""
        return strangers(self.pool, account, ids) if ids else _NONE

    # ---- how they stand ----

    def states(self) -> tuple[AccountState, ...]:
        """How the accounts stand."""
        return describe(self.pool, trio.current_time())

    def upstreams(self) -> tuple[UpstreamState, ...]:
        """How the upstreams stand that they belong to."""
        return describe_upstreams(self.pool, trio.current_time())

    def tally(self, account: str) -> Tally:
        """What became of an account's attempts since the start."""
        return self._tallies.get(account, Tally())


_NONE: frozenset[str] = frozenset()
