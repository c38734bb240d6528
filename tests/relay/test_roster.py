"""The accounts at work: what is booked, and what a store gives back."""

from collections.abc import Callable
from functools import partial

import trio
from playhouse import HELLO, open_playhouse
from typing_extensions import override

from peekd.accounts.account import Account
from peekd.accounts.settings import SchedulingSettings
from peekd.accounts.wanted import Lease, Rest, Target, Wanted
from peekd.relay.archive import Archive
from peekd.relay.roster import Roster
from peekd.signatures.settings import SignatureSettings
from peekd.store.interface import Bound, Deed
from peekd.store.volatile import Volatile
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.quotas import Quota

Clock = trio.testing.MockClock
WANTED = Wanted((Target("up", HELLO["model"]),))


async def test_a_lease_is_booked_and_its_end_too(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        house = playhouse.house
        leased = house.roster.lease(WANTED)
        assert isinstance(leased, Lease)
        assert house.roster.states()[0].in_flight == 1
        house.roster.settle(leased, o.RateLimited(retry_after=60))
        assert house.roster.survey(WANTED).soonest == 60
        await trio.sleep(61)
        assert isinstance(house.roster.lease(WANTED), Lease)


async def test_without_accounts_nobody_can_be_leased(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}, accounts=[]) as playhouse:
        leased = playhouse.house.roster.lease(WANTED)
        assert isinstance(leased, Rest)
        assert not leased.exists
        assert not playhouse.house.ready()


async def test_an_account_that_does_not_fit_is_not_taken(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        roster = playhouse.house.roster
        asked: list[str] = []

        def fits(leased: Lease) -> bool:
            asked.append(leased.account)
            return len(asked) > 1

        before = roster.pool
        assert roster.lease_fitting(WANTED, fits) is None
        assert roster.pool is before
        assert isinstance(roster.lease_fitting(WANTED, fits), Lease)
        assert asked == ["alice", "alice"]
        assert roster.states()[0].in_flight == 1


async def test_only_what_an_account_of_today_holds_is_recalled(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        roster = playhouse.house.roster
        roster.recall([Bound("resp_1", "alice", 0.0), Bound("resp_2", "gone", 0.0)])
        assert roster.holder(["resp_1"], WANTED.targets) == "alice"
        assert roster.holder(["resp_2"], WANTED.targets) is None


def account(roster: Roster) -> Lease:
    leased = roster.lease(WANTED)
    assert isinstance(leased, Lease)
    return leased


def roster(store: Volatile, wall: Callable[[], float]) -> Roster:
    """Give the accounts of one life of a process."""
    return Roster((Account("alice", "up"),), Archive(SignatureSettings(), store, wall))


async def test_how_an_account_rests_outlives_the_process_and_a_clock_that_was_set(
    autojump_clock: Clock,
) -> None:
    store = Volatile()
    first = roster(store, lambda: 1000.0 + trio.current_time())
    first.settle(account(first), o.QuotaExhausted(retry_after=3600))
    await trio.sleep(600)
    for set_by, soonest in ((0.0, 3000.0), (-7200.0, 3600.0)):
        clock = 1000.0 + set_by
        later = roster(store, partial(_read, clock))
        later.stand((await store.load()).standings)
        rest = later.lease(WANTED)
        assert isinstance(rest, Rest)
        assert rest.soonest == soonest


def _read(clock: float) -> float:
    return clock + trio.current_time()


async def test_only_what_a_hand_disabled_stays_so(autojump_clock: Clock) -> None:
    store = Volatile()
    first = roster(store, lambda: 0.0)
    first.disable("alice", "invalid_grant", by_hand=False)
    again = roster(store, lambda: 0.0)
    again.stand((await store.load()).standings)
    account(again)
    first.disable("alice", "on leave")
    again.stand((await store.load()).standings)
    assert (again.states()[0].state, again.states()[0].because) == ("disabled", "on leave")
    again.enable("alice")
    last = roster(store, lambda: 0.0)
    last.stand((await store.load()).standings)
    account(last)


async def test_what_changed_nothing_is_not_written(autojump_clock: Clock) -> None:
    written: list[Deed] = []

    class Counted(Volatile):
        @override
        def write(self, deed: Deed) -> None:
            written.append(deed)

    busy = roster(Counted(), lambda: 0.0)
    for _ in range(5):
        leased = account(busy)
        busy.heard(leased)
        busy.settle(leased, o.Completed())
    assert written == []
    busy.settle(account(busy), o.Silent())
    assert len(written) == 1
    leased = account(busy)
    await trio.sleep(1)
    busy.settle(account(busy), o.Completed())
    busy.reset("alice")
    assert len(written) == 3


async def test_the_mode_of_scheduling_changes_while_it_runs(autojump_clock: Clock) -> None:
    await trio.lowlevel.checkpoint()
    made = roster(Volatile(), lambda: 0.0)
    made.schedule(SchedulingSettings("performance-first"))
    assert account(made).because == "the only one that is left"
    assert made.pool.scheduling.mode == "performance-first"


async def test_what_an_upstream_says_is_left_is_shown(autojump_clock: Clock) -> None:
    await trio.lowlevel.checkpoint()
    made = roster(Volatile(), lambda: 0.0)
    made.report(account(made), (Quota(0.25, 60.0),))
    assert made.states()[0].left == 0.25


async def test_an_account_can_be_disabled_with_a_reason_enabled_and_reset(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        roster = playhouse.house.roster
        roster.disable("alice", "its key was revoked")
        (state,) = roster.states()
        assert (state.state, state.because) == ("disabled", "its key was revoked")
        assert isinstance(roster.lease(WANTED), Rest)
        roster.enable("alice")
        leased = roster.lease(WANTED)
        assert isinstance(leased, Lease)
        roster.settle(leased, o.QuotaExhausted(retry_after=3600))
        assert isinstance(roster.lease(WANTED), Rest)
        roster.reset("alice")
        assert isinstance(roster.lease(WANTED), Lease)
