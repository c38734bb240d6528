"""One configuration: settings in layers, policy tables, who may serve, and how each upstream is reached."""

import pytest
import trio
from playhouse import QUICK, open_playhouse

from peekd.healing.plan import plan
from peekd.healing.settings import HealingOverrides, HealingSettings, RouteSettings, RuleSettings
from peekd.records.entries import Entry
from peekd.relay.house import open_house
from peekd.relay.tree import Tree
from peekd.simulator.script import Script
from peekd.simulator.server import open_simulator
from peekd.upstream.client import Way
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.errors import ClientError

Clock = trio.testing.MockClock


def ignore(entry: Entry) -> None:
    """A journal nobody reads."""


def layered(tree: Tree, model: str, upstream: str) -> HealingSettings:
    return tree.healing(tree.plan(model, "anthropic"), upstream)


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
            healing = layered(house.tree, model, name)
            assert (healing.peek_seconds, healing.max_attempts) == expected
            assert layered(house.tree, model, name) is healing


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


async def test_its_ways_are_those_of_its_accounts(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"], "bob": ["answer"]}) as playhouse:
        assert playhouse.house.tree.ways == {Way("up", "simulator:play", 256, "")}


async def test_a_plan_is_made_once_for_a_model_as_a_protocol_asks_for_it(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        tree = playhouse.house.tree
        kept = tree.plan("claude-opus-5-5", "anthropic")
        assert tree.plan("claude-opus-5-5", "anthropic") is kept
        assert kept == plan("claude-opus-5-5", "anthropic", tree.places)
        assert tree.plan("claude-haiku-5-5", "anthropic") is not kept
