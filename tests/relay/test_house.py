"""What all requests share: accounts as a value, settings in layers, policy tables, seams."""

import pytest
import trio
from playhouse import HELLO, QUICK, open_playhouse
from requested import asked_of

from peekd.accounts.settings import AccountSettings
from peekd.accounts.wanted import Lease, Target, Wanted
from peekd.records.entries import Entry
from peekd.relay.house import open_house
from peekd.simulator.script import Script
from peekd.simulator.server import open_simulator
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.errors import OperatorError

Clock = trio.testing.MockClock
WANTED = Wanted((Target("up", HELLO["model"]),))


def ignore(entry: Entry) -> None:
    """A journal nobody reads."""


# ---- accounts ------------------------------------------------------------------------------------


async def test_it_is_ready_while_an_account_is_usable_and_it_does_not_drain(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        house = playhouse.house
        assert house.ready()
        leased = house.roster.lease(WANTED)
        assert isinstance(leased, Lease)
        house.roster.settle(leased, o.QuotaExhausted(retry_after=3600))
        assert not house.ready()
        await trio.sleep(3601)
        assert house.ready()
        house.draining = True
        assert not house.ready()


async def test_counting_takes_no_account(autojump_clock: Clock) -> None:
    asked = asked_of({**HELLO, "stream": False}, path="/v1/messages/count_tokens")
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        before = playhouse.house.roster.pool
        assert (await playhouse.house.count_tokens(asked)).status == 200
        assert playhouse.house.roster.pool is before


# ---- opening and closing -------------------------------------------------------------------------


async def test_a_credential_that_cannot_be_had_is_the_operators_to_mend(autojump_clock: Clock) -> None:
    opening = open_house(
        healing=QUICK,
        upstreams={"up": UpstreamSettings("anthropic", "http://127.0.0.1:1")},
        accounts=[AccountSettings("alice", "up", "env:NOWHERE")],
        routes=[],
        journal=ignore,
        environ={},
    )
    with pytest.RaisesGroup(pytest.RaisesExc(OperatorError, match="account alice")):
        await opening.__aenter__()


async def test_leaving_closes_idle_connections(autojump_clock: Clock) -> None:
    async with open_simulator(Script()) as simulator:
        settings = {"up": UpstreamSettings("anthropic", "simulator:x")}
        async with open_house(
            healing=QUICK,
            upstreams=settings,
            accounts=[AccountSettings("alice", "up", "env:KEY")],
            routes=[],
            journal=ignore,
            environ={"KEY": "secret"},
            dials={"up": simulator.dial},
        ) as house:
            asked = asked_of({**HELLO, "stream": False}, path="/v1/messages/count_tokens")
            await house.count_tokens(asked)
            assert simulator.open_connections == 1
        await trio.testing.wait_all_tasks_blocked()
        assert simulator.open_connections == 0
