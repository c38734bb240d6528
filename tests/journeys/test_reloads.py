"""Other settings while requests run: what runs keeps its own, what is known of accounts goes on."""

from __future__ import annotations

import gc
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio
from playhouse import HELLO, QUICK, Playhouse

from peekd.accounts.settings import AccountSettings
from peekd.accounts.wanted import Lease, Target, Wanted
from peekd.healing.settings import HealingSettings, RouteSettings, RuleSettings
from peekd.records.entries import Entry
from peekd.relay.house import open_house
from peekd.relay.means import Seams
from peekd.relay.tree import Ground, Tree
from peekd.simulator.script import Script
from peekd.simulator.server import open_simulator
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.errors import OperatorError

Clock = trio.testing.MockClock
ALL = Wanted((Target("up", HELLO["model"]),))
LONG = "answer text=whole pace=1"
"""An answer of several seconds."""


@pytest.fixture(autouse=True)
def no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read at once: virtual time does not wait for a real thread."""

    async def run_sync(work: Callable[..., Any], *given: Any, abandon_on_cancel: bool = False) -> Any:
        await trio.lowlevel.checkpoint()
        return work(*given)

    monkeypatch.setattr(trio.to_thread, "run_sync", run_sync)


class Lot:
    """A house whose settings a test changes. Each account's key stands in `environ` under its own name."""

    def __init__(self, play: Playhouse, environ: dict[str, str], dials: Mapping[str, Any]) -> None:
        self.play, self.house, self.environ = play, play.house, environ
        self.dials = dials

    async def grow(self, *names: str, healing: HealingSettings = QUICK, **more: Any) -> Tree:
        return await self.house.grow(ground_of(names, healing=healing, **more), self.dials)

    async def reload(self, *names: str, **more: Any) -> None:
        self.house.adopt(await self.grow(*names, **more))

    def states(self) -> dict[str, str]:
        return {state.name: state.state for state in self.house.roster.states()}


def ground_of(
    names: Sequence[str],
    *,
    healing: HealingSettings = QUICK,
    upstream: Mapping[str, Any] = {},
    account: Mapping[str, Any] = {},
    expose_account: bool = True,
) -> Ground:
    table = {"protocol": "anthropic", "base_url": "simulator:play", **upstream}
    accounts = [{"name": name, "upstream": "up", "credential": f"env:{name.upper()}"} for name in names]
    return Ground(
        healing=healing,
        upstreams={"up": msgspec.convert(table, UpstreamSettings)},
        accounts=[msgspec.convert({**one, **account}, AccountSettings) for one in accounts],
        routes=(RouteSettings("claude-*", ("up",)),),
        expose_account=expose_account,
    )


def script_of(plays: Mapping[str, Sequence[object]], path: str) -> Script:
    script = Script.of(plays)
    made = [msgspec.structs.replace(play, path=path) if path else play for play in script.plays]
    return msgspec.structs.replace(script, plays=tuple(made))


@asynccontextmanager
async def open_lot(plays: Mapping[str, Sequence[object]], *names: str, path: str = "") -> AsyncGenerator[Lot]:
    """`path`: what the plays are for, where that is not requests for an answer."""
    entries: list[Entry] = []
    environ = {name.upper(): name for name in plays}
    ground = ground_of(names or [*plays])
    async with (
        open_simulator(script_of(plays, path)) as simulator,
        open_house(
            healing=ground.healing,
            upstreams=ground.upstreams,
            accounts=ground.accounts,
            routes=ground.routes,
            journal=entries.append,
            environ=environ,
            dials={"up": simulator.dial},
            seams=Seams(wall=lambda: 0.0, jitter=lambda: 0.0),
        ) as house,
    ):
        yield Lot(Playhouse(house, {"up": simulator}, entries), environ, {"up": simulator.dial})


async def test_a_request_that_runs_across_a_reload_keeps_its_tree(autojump_clock: Clock) -> None:
    plays = {"alice": ["503 delay=5", "answer text=old"], "bob": ["answer text=new"] * 3}
    async with open_lot(plays, "alice") as lot, trio.open_nursery() as nursery:
        told: list[Any] = []

        async def ask() -> None:
            told.append(await lot.play.ask())

        nursery.start_soon(ask)
        await trio.sleep(1)
        await lot.reload("bob", healing=msgspec.structs.replace(QUICK, max_attempts=1))
        assert (await lot.play.ask()).told == [("bob", "completed", "relay")]
        assert lot.states() == {"bob": "ready"}
        await trio.sleep(60)
        assert [account for account, _, _ in told[0].told] == ["alice", "alice"]
        assert told[0].text == "old"
        assert set(lot.house.roster.pool.health) == {"bob"}
        lot.play.assert_nothing_left()


async def test_a_removed_account_finishes_what_runs_and_gets_nothing_new(autojump_clock: Clock) -> None:
    async with open_lot({"alice": [LONG], "bob": ["answer"]}) as lot, trio.open_nursery() as nursery:
        told: list[Any] = []

        async def ask() -> None:
            told.append(await lot.play.ask())

        nursery.start_soon(ask)
        await trio.sleep(1.5)
        await lot.reload("bob")
        assert [(await lot.play.ask()).record.account for _ in range(2)] == ["bob", "bob"]
        await trio.sleep(60)
        assert (told[0].status, told[0].text, told[0].record.account) == (200, "whole", "alice")
        lot.play.assert_nothing_left()


async def test_cooldowns_switches_and_ties_go_on_by_name(autojump_clock: Clock) -> None:
    async with open_lot({"alice": ["answer"], "bob": ["answer"], "carol": ["answer"]}, "alice", "bob") as lot:
        roster = lot.house.roster
        leased = roster.lease(ALL)
        assert isinstance(leased, Lease)
        roster.settle(leased, o.QuotaExhausted(retry_after=3600))
        roster.disable("bob", "disabled by hand")
        roster.keep("alice", ["resp_1"])
        await lot.reload("carol", "bob", "alice")
        assert lot.states() == {"carol": "ready", "bob": "disabled", "alice": "resting"}
        assert roster.holder(["resp_1"], ALL.targets) == "alice"
        assert roster.tally("alice").failed == 1
        roster.enable("bob")
        await lot.reload("bob", "alice")
        assert lot.states() == {"bob": "ready", "alice": "resting"}


async def test_a_renewed_key_lets_its_account_serve_again_and_no_other(autojump_clock: Clock) -> None:
    async with open_lot({"alice": ["401", "answer"], "bob": ["401", "answer"]}) as lot:
        assert (await lot.play.ask()).status == 503
        assert lot.states() == {"alice": "to_mend", "bob": "to_mend"}
        await lot.reload("alice", "bob")
        assert lot.states() == {"alice": "to_mend", "bob": "to_mend"}
        lot.environ["ALICE"] = "alice-anew"
        await lot.reload("alice", "bob")
        assert lot.states() == {"alice": "ready", "bob": "to_mend"}
        await lot.play.ask()
        assert lot.play.simulator.requests[-1].key == "alice-anew"


async def test_what_runs_asks_with_the_key_it_began_with(autojump_clock: Clock) -> None:
    async with open_lot({"alice": ["503 delay=5", "answer"]}) as lot, trio.open_nursery() as nursery:
        nursery.start_soon(lot.play.ask)
        await trio.sleep(1)
        lot.environ["ALICE"] = "for-another-upstream"
        await lot.reload("alice")
        await trio.sleep(60)
        assert [seen.key for seen in lot.play.simulator.requests] == ["alice", "alice"]


async def test_another_policy_holds_for_whoever_comes_then(autojump_clock: Clock) -> None:
    async with open_lot({"alice": ["503 delay=5", "503", "503", "answer"]}) as lot:
        never = HealingSettings(policy={"overloaded": RuleSettings(ladder=())}, peek_seconds=20)
        async with trio.open_nursery() as nursery:
            told: list[Any] = []

            async def ask() -> None:
                told.append(await lot.play.ask())

            nursery.start_soon(ask)
            await trio.sleep(1)
            await lot.reload("alice", healing=never)
            later = await lot.play.ask()
        assert [move for _, _, move in later.told] == ["give_up"]
        assert len(told[0].told) > 1
        assert lot.house.describe_policy()["policy"]["overloaded"].ladder == ()


async def test_connections_of_an_unchanged_upstream_stay_and_others_close_with_their_last_request(
    autojump_clock: Clock,
) -> None:
    async with open_lot({"alice": ["answer", "answer", LONG, "answer"]}) as lot:
        simulator = lot.play.simulator
        await lot.play.ask()
        await lot.reload("alice", healing=HealingSettings(peek_seconds=9), upstream={"headers": {"x-a": "b"}})
        await lot.play.ask()
        assert (simulator.connections, simulator.open_connections) == (1, 1)
        assert simulator.requests[-1].header("x-a") == "b"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lot.play.ask)
            await trio.sleep(1.5)
            await lot.reload("alice", upstream={"max_connections": 7})
            await lot.play.ask()
            assert (simulator.connections, simulator.open_connections) == (2, 2)
        await trio.testing.wait_all_tasks_blocked()
        assert simulator.open_connections == 1
        lot.play.assert_nothing_left()


async def test_an_account_at_another_upstream_is_somebody_else(autojump_clock: Clock) -> None:
    async with open_lot({"alice": ["429 retry-after=900"]}) as lot:
        await lot.play.ask()
        assert lot.states() == {"alice": "resting"}
        ground = ground_of(["alice"])
        other = msgspec.structs.replace(ground.accounts[0], upstream="other")
        upstreams = {"other": UpstreamSettings("anthropic", "http://127.0.0.1:1")}
        moved = msgspec.structs.replace(ground, accounts=[other], upstreams=upstreams, routes=())
        lot.house.adopt(await lot.house.grow(moved, {}))
        assert lot.states() == {"alice": "ready"}


async def test_what_cannot_be_had_changes_nothing(autojump_clock: Clock) -> None:
    async with open_lot({"alice": ["answer"]}) as lot:
        before = lot.house.tree
        with pytest.raises(OperatorError, match="account nobody"):
            await lot.grow("nobody")
        with pytest.raises(OperatorError, match="there is no simulator"):
            await lot.house.grow(ground_of(["alice"]), {})
        assert lot.house.tree is before
        assert (await lot.play.ask()).status == 200


async def test_counting_keeps_its_tree_too(autojump_clock: Clock) -> None:
    path, body = "/v1/messages/count_tokens", {"model": HELLO["model"], "messages": HELLO["messages"]}
    async with open_lot({"alice": ["answer delay=1"]}, path=path) as lot:
        asked = lot.play.asked(body, {}, path)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lot.house.count_tokens, asked)
            await trio.sleep(0.5)
            await lot.reload("alice", upstream={"max_connections": 7})
            assert len(lot.house.grove.standing) == 2
        assert len(lot.house.grove.standing) == 1


KEEPS_TOKENS = "peekd.relay.vigil.Vigil._attend"
RINGS = "peekd.relay.alarms.Alarms.run"
"""What always runs there."""


async def test_a_hundred_reloads_leave_nothing_behind(autojump_clock: Clock) -> None:
    def trees() -> int:
        gc.collect()
        return sum(isinstance(one, Tree) for one in gc.get_objects())

    async with open_lot({"alice": ["answer"], "bob": ["answer"]}, "alice") as lot:
        before = trees()
        for number in range(100):
            name = f"account{number}"
            lot.environ[name.upper()] = "alice"
            await lot.reload(
                name, upstream={"max_connections": 1 + number % 50}, account={"priority": number}
            )
            await lot.play.ask()
        await trio.testing.wait_all_tasks_blocked()
        house = lot.house
        assert trees() == before
        assert set(house.roster.pool.health) == {"account99"}
        assert set(vars(house.roster)["_tallies"]) == {"account99"}
        assert len(vars(house.tree.upstreams)["_clients"]) == 1
        assert lot.play.simulator.open_connections == 1
        assert {task.name for task in vars(house)["_nursery"].child_tasks} == {KEEPS_TOKENS, RINGS}
        lot.play.assert_nothing_left()


# ---- what proxies of this kind got wrong before ----------------------------------------------------------


async def test_an_account_that_the_file_disables_is_not_asked_again_though_a_session_is_bound_to_it(
    autojump_clock: Clock,
) -> None:
    session = {"x-claude-code-session-id": "s1"}
    async with open_lot({"alice": ["answer"] * 3, "bob": ["answer"] * 3}) as lot:
        bound = (await lot.play.ask(headers=session)).record.account
        ground = ground_of(["alice", "bob"])
        accounts = [msgspec.structs.replace(one, disabled=one.name == bound) for one in ground.accounts]
        changed = msgspec.structs.replace(ground, accounts=accounts)
        lot.house.adopt(await lot.grow("alice", "bob"))
        lot.house.adopt(await lot.house.grow(changed, lot.dials))
        assert (await lot.play.ask(headers=session)).record.account != bound
        assert lot.states()[bound] == "disabled"


async def test_a_switch_by_hand_reaches_a_request_of_an_earlier_tree_at_once(autojump_clock: Clock) -> None:
    plays = {"alice": ["503 delay=5", "answer"], "bob": ["answer text=other"]}
    async with open_lot(plays) as lot, trio.open_nursery() as nursery:
        told: list[Any] = []

        async def ask() -> None:
            told.append(await lot.play.ask())

        nursery.start_soon(ask)
        await trio.sleep(1)
        await lot.reload("alice", "bob")
        lot.house.roster.disable("alice", "disabled by hand")
        await trio.sleep(60)
        assert [account for account, _, _ in told[0].told] == ["alice", "bob"]


async def test_choosing_an_account_reads_no_disk(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_lot({"alice": ["answer"], "bob": ["answer"]}) as lot:

        def opened(*_: object, **__: object) -> None:
            raise AssertionError("a file was opened")

        monkeypatch.setattr("builtins.open", opened)
        monkeypatch.setattr("os.open", opened)
        monkeypatch.setattr("os.stat", opened)
        leased = [lot.house.roster.lease(ALL) for _ in range(10)]
        monkeypatch.undo()
        assert all(isinstance(one, Lease) for one in leased)


async def test_what_a_file_says_of_accounts_holds_for_the_very_next_choice_and_not_after_a_restart(
    autojump_clock: Clock,
) -> None:
    async with open_lot({"alice": ["answer"] * 3, "bob": ["answer"] * 3}) as lot:
        assert (await lot.play.ask()).record.account == "alice"
        await lot.reload("alice", "bob", account={"models": ["other-*"]})
        refused = await lot.play.ask()
        assert (refused.status, refused.record.attempts) == (404, [])
        await lot.reload("bob")
        assert (await lot.play.ask()).record.account == "bob"


async def test_without_any_account_left_everything_is_answered_with_503_and_nothing_with_an_empty_200(
    autojump_clock: Clock,
) -> None:
    async with open_lot({"alice": ["answer"] * 3}) as lot:
        assert lot.house.ready()
        lot.house.adopt(await lot.grow("alice", account={"disabled": True}))
        assert not lot.house.ready()
        for stream in (True, False):
            told = await lot.play.ask(stream=stream)
            assert (told.status, told.headers["x-should-retry"]) == (503, "false")
            assert "account" in told.json["error"]["message"]
        await lot.reload("alice")
        assert (await lot.play.ask()).status == 200
