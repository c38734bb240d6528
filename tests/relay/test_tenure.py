"""A lease is settled once, whoever comes first."""

import trio
from playhouse import HELLO, open_playhouse

from peekd.accounts.wanted import Lease, Rest, Target, Wanted
from peekd.relay.tenure import Tenure
from peekd.vocabulary import outcomes as o

WANTED = Wanted((Target("up", HELLO["model"]),))


async def test_the_first_outcome_is_booked_and_later_ones_change_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        house = playhouse.house
        lease = house.roster.lease(WANTED)
        assert isinstance(lease, Lease)
        assert [state.in_flight for state in house.roster.states()] == [1]
        tenure = Tenure(house, lease)
        tenure.settle(o.Completed())
        tenure.settle(o.QuotaExhausted(retry_after=3600))
        assert [(state.in_flight, state.state) for state in house.roster.states()] == [(0, "ready")]


async def test_what_only_we_could_not_fold_blames_nobody(autojump_clock: trio.testing.MockClock) -> None:
    for outcome, state in [(o.Malformed(type=o.UNFOLDABLE), "ready"), (o.Malformed(), "tired")]:
        async with open_playhouse({"alice": ["answer"]}) as playhouse:
            house = playhouse.house
            lease = house.roster.lease(WANTED)
            assert isinstance(lease, Lease)
            Tenure(house, lease).settle(outcome)
            described = house.roster.states()[0]
            assert state in {described.state, *(one.state for one in described.models)}


async def test_a_queue_of_our_own_blames_nobody(autojump_clock: trio.testing.MockClock) -> None:
    for outcome, state in [(o.Unreachable(type=o.POOL_TIMEOUT), "ready"), (o.Unreachable(), "tired")]:
        async with open_playhouse({"alice": ["answer"]}) as playhouse:
            house = playhouse.house
            lease = house.roster.lease(WANTED)
            assert isinstance(lease, Lease)
            Tenure(house, lease).settle(outcome)
            assert house.roster.upstreams()[0].state == state
            assert house.roster.states()[0].state == "ready"


async def test_an_outcome_that_blames_the_account_rests_it(autojump_clock: trio.testing.MockClock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        house = playhouse.house
        lease = house.roster.lease(WANTED)
        assert isinstance(lease, Lease)
        Tenure(house, lease).settle(o.QuotaExhausted(retry_after=3600))
        assert isinstance(house.roster.lease(WANTED), Rest)
