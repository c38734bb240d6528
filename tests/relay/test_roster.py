"""The accounts at work: what is booked, and what a store gives back."""

import trio
from playhouse import HELLO, open_playhouse

from peekd.accounts.wanted import Lease, Rest, Target, Wanted
from peekd.store.interface import Bound
from peekd.vocabulary import outcomes as o

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


async def test_only_what_an_account_of_today_holds_is_recalled(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        roster = playhouse.house.roster
        roster.recall([Bound("resp_1", "alice", 0.0), Bound("resp_2", "gone", 0.0)])
        assert roster.holder(["resp_1"], WANTED.targets) == "alice"
        assert roster.holder(["resp_2"], WANTED.targets) is None


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
