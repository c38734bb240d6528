"""What all requests share: accounts as a value, settings in layers, policy tables, seams."""

import pytest
import trio
from playhouse import HELLO, QUICK, open_playhouse
from requested import asked_of

from peekd.accounts.settings import AccountSettings
from peekd.accounts.wanted import Lease, Target, Wanted
from peekd.healing.settings import HealingOverrides, HealingSettings, RouteSettings, RuleSettings
from peekd.records.entries import Entry
from peekd.relay.house import House, open_house
from peekd.simulator.script import Script
from peekd.simulator.server import open_simulator
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.errors import ClientError, OperatorError

Clock = trio.testing.MockClock
WANTED = Wanted((Target("up", HELLO["model"]),))


def ignore(entry: Entry) -> None:
    """A journal nobody reads."""


def layered(house: House, model: str, upstream: str) -> HealingSettings:
    return house.tree.healing(house.tree.plan(model, "anthropic"), upstream)


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


# ---- settings ------------------------------------------------------------------------------------


async def test_a_routes_settings_lie_over_the_upstreams_and_those_over_the_common_ones(
    autojump_clock: Clock,
) -> None:
    upstream = UpstreamSettings(
        "anthropic", "simulator:x", healing=HealingOverrides(peek_seconds=7, max_attempts=2)
    )
    special = RouteSettings("claude-opus-*", ("up",), HealingOverrides(peek_seconds=9))
    async with (
        open_simulator(Script()) as simulator,
        open_house(
            healing=QUICK,
            upstreams={"up": upstream},
            accounts=[],
            routes=[special, RouteSettings("*", ("up",))],
            journal=ignore,
            environ={},
            dials={"up": simulator.dial},
        ) as house,
    ):
        for model, name, expected in [
            ("claude-opus-5-5", "up", (9, 2)),
            ("claude-opus-5-5", "", (9, QUICK.max_attempts)),
            ("claude-haiku-4-5", "up", (7, 2)),
            ("claude-haiku-4-5", "", (QUICK.peek_seconds, QUICK.max_attempts)),
        ]:
            healing = layered(house, model, name)
            assert (healing.peek_seconds, healing.max_attempts) == expected
            assert layered(house, model, name) is healing


async def test_an_operators_row_lies_over_the_table(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        house = playhouse.house
        changed = HealingSettings(policy={"silent": RuleSettings(ladder=("rotate",), base_seconds=3)})
        assert house.tree.policy(changed)["silent"].base == 3
        assert house.tree.policy(changed) is house.tree.policy(changed)
        assert house.describe_policy()["policy"] == house.tree.policy(QUICK)
        assert house.tree.policy(QUICK)["silent"].base != 3


async def test_a_model_that_no_route_matches_is_the_clients_to_know(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        with pytest.raises(ClientError, match="no route matches"):
            playhouse.house.tree.plan("gpt-5", "anthropic")


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
