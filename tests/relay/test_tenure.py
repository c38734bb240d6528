"""A lease is settled once, whoever comes first."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import trio
from hypothesis import given
from hypothesis import strategies as st
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


LAST: Sequence[o.AnyOutcome] = (o.Completed(), o.ClientGone(), o.Silent(), o.QuotaExhausted(), o.Drained())


@given(st.lists(st.one_of(st.none(), st.sampled_from(LAST)), min_size=1, max_size=8))
def test_however_often_it_is_ended_the_first_end_counts_and_nothing_is_heard_after_it(
    deeds: list[o.AnyOutcome | None],
) -> None:
    booked: list[object] = []

    class Book:
        def heard(self, lease: Lease) -> None:
            booked.append("heard")

        def settle(self, lease: Lease, outcome: o.AnyOutcome) -> None:
            booked.append(outcome)

    lease = Lease(0, "a", "up", "m", None, 0.0, "")
    tenure = Tenure(cast("Any", SimpleNamespace(roster=Book())), lease)
    for deed in deeds:
        if deed is None:
            tenure.heard()
        else:
            tenure.settle(deed)
    ends = [deed for deed in deeds if deed is not None]
    before = deeds.index(ends[0]) if ends else len(deeds)
    assert booked == ["heard"] * before + ends[:1]
