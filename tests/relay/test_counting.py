"""Counting goes upstream a few at a time and never long; else it is estimated; and no account feels it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio
from playhouse import HELLO, Playhouse, open_playhouse

from peekd.relay import counting
from peekd.relay.delivery import Final
from peekd.simulator.script import Script
from peekd.vocabulary.errors import ClientError

Clock = trio.testing.MockClock

PATH = "/v1/messages/count_tokens"
ASKED: dict[str, Any] = {"model": HELLO["model"], "messages": HELLO["messages"]}
SHELL = {"name": "Bash", "description": "Run a command.", "input_schema": {"type": "object"}}


@asynccontextmanager
async def counting_house(
    *acts: str, accounts: Sequence[str] = ("alice",), protocol: str = "anthropic"
) -> AsyncGenerator[Playhouse]:
    """A house whose upstream plays these acts for counts."""
    play = {"path": PATH, "acts": [*acts] or ["answer"]}
    script = Script(plays=tuple(play_of(play)))
    async with open_playhouse(script, accounts=accounts, protocol=protocol) as house:
        yield house


def play_of(play: Mapping[str, Any]) -> Sequence[Any]:
    made = Script.of({"*": play["acts"]}).plays
    return [msgspec.structs.replace(one, path=play["path"]) for one in made]


async def count(house: Playhouse, body: Mapping[str, Any] = ASKED) -> Final:
    return await house.house.count_tokens(house.asked(msgspec.json.encode(body), {}, PATH))


def tokens(final: Final) -> int:
    return msgspec.json.decode(final.body)["input_tokens"]


def is_estimate(final: Final) -> bool:
    return dict(final.headers).get("x-peekd-estimated") == "1"


async def test_an_upstream_that_counts_is_asked_and_its_answer_is_the_clients(autojump_clock: Clock) -> None:
    async with counting_house() as house:
        final = await count(house, {**ASKED, "tools": [SHELL]})
        seen = house.simulator.requests[0]
        assert seen.target == PATH
        assert final.body == msgspec.json.encode({"input_tokens": seen.asked.tokens})
        assert (final.status, is_estimate(final)) == (200, False)
        assert b'"stream"' not in seen.body
        house.assert_nothing_left()


async def test_the_same_content_is_counted_once(autojump_clock: Clock) -> None:
    async with counting_house() as house:
        counts = [tokens(await count(house)) for _ in range(3)]
        assert len(set(counts)) == 1
        assert len(house.simulator.requests) == 1
        await count(house, {**ASKED, "model": "claude-haiku-4-5"})
        await count(house, {**ASKED, "system": "Be brief."})
        assert len(house.simulator.requests) == 3


async def test_the_oldest_counts_are_forgotten(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "KEPT", 2)
    async with counting_house() as house:
        for system in ("a", "b", "a", "c", "a", "b"):
            await count(house, {**ASKED, "system": system})
        asked = [msgspec.json.decode(seen.body)["system"] for seen in house.simulator.requests]
        assert asked == ["a", "b", "c", "b"]


async def test_a_burst_takes_no_more_than_its_share_and_the_rest_is_estimated(autojump_clock: Clock) -> None:
    async with counting_house("answer delay=1") as house:
        finals: list[Final] = []

        async def ask(number: int) -> None:
            finals.append(await count(house, {**ASKED, "system": f"Be {number}."}))

        async with trio.open_nursery() as nursery:
            for number in range(45):
                nursery.start_soon(ask, number)
        assert len(house.simulator.requests) == counting.AT_ONCE
        assert [is_estimate(final) for final in finals].count(False) == counting.AT_ONCE
        assert all(tokens(final) > 0 for final in finals)
        house.assert_nothing_left()


async def test_a_slow_count_is_estimated_in_time_and_makes_room(autojump_clock: Clock) -> None:
    async with counting_house(*["silence seconds=0"] * 4, "answer") as house:
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(count, house, {**ASKED, "system": f"Be {number}."})
        assert trio.current_time() - began == pytest.approx(counting.SECONDS)
        assert not is_estimate(await count(house))
        house.assert_nothing_left()


@pytest.mark.parametrize(
    "act", ["429", "401", "402", "403", "404", "500", "529", "400", "close", "reset", "silence seconds=0"]
)
async def test_an_upstream_that_does_not_count_costs_no_account_anything(
    autojump_clock: Clock, act: str
) -> None:
    async with counting_house(act, accounts=("alice", "bob")) as house:
        for number in range(5):
            final = await count(house, {**ASKED, "system": f"Be {number}."})
            assert is_estimate(final)
            assert tokens(final) > 0
        assert all(
            (one.state, one.cause, one.in_flight) == ("ready", "", 0) for one in house.house.roster.states()
        )
        assert house.house.roster.pool.leased == 0
        assert len(house.house.roster.pool.bindings) == 0
        assert house.house.live.find("last") is None
        house.assert_nothing_left()


@pytest.mark.parametrize("body", ["{}", "[]", '{"input_tokens":"9"}', "<html>", ""])
async def test_what_is_no_count_is_estimated(autojump_clock: Clock, body: str) -> None:
    act = {"do": "404", "status": 200, "body": body}
    script = Script(plays=tuple(play_of({"path": PATH, "acts": [act]})))
    async with open_playhouse(script, accounts=["alice"]) as house:
        assert is_estimate(await count(house))


async def test_an_estimate_is_not_taken_for_a_count_the_next_time(autojump_clock: Clock) -> None:
    async with counting_house("529", "answer") as house:
        assert is_estimate(await count(house))
        assert not is_estimate(await count(house))


async def test_an_estimate_is_corrected_by_what_the_upstream_reported_for_this_model(
    autojump_clock: Clock,
) -> None:
    body = {**ASKED, "messages": [{"role": "user", "content": "How many words are in a sentence? " * 200}]}
    usage = {"promptTokenCount": 2_000, "candidatesTokenCount": 1}
    act = {"do": "answer", "text": "Hi", "usage": usage}
    async with open_playhouse({"alice": [act, act]}, protocol="gemini") as house:
        before = tokens(await count(house, body))
        assert before != 2_000
        await house.ask({**body, "max_tokens": 9})
        assert tokens(await count(house, body)) == pytest.approx(2_000, rel=0.01)
        other = await count(house, {**body, "model": "claude-haiku-4-5"})  # the same model upstream
        assert tokens(other) == pytest.approx(2_000, rel=0.01)
        assert is_estimate(other)
        assert (house.house.roster.pool.leased, len(house.simulator.requests)) == (1, 1)


async def test_an_answer_that_is_not_whole_teaches_nothing(autojump_clock: Clock) -> None:
    usage = {"promptTokenCount": 9_000, "candidatesTokenCount": 1}
    act = {"do": "cut", "text": "one two three four", "usage": usage}
    async with open_playhouse({"alice": [act]}, protocol="gemini") as house:
        before = tokens(await count(house))
        await house.ask()
        assert tokens(await count(house)) == before


async def test_where_no_upstream_counts_in_the_clients_language_the_estimate_sees_all_of_it(
    autojump_clock: Clock,
) -> None:
    picture = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
    }
    async with counting_house(protocol="gemini") as house:
        plain = await count(house)
        assert is_estimate(plain)
        richer = (
            {**ASKED, "tools": [SHELL]},
            {**ASKED, "system": "Be brief."},
            {**ASKED, "messages": [{"role": "user", "content": [picture]}, *ASKED["messages"]]},
        )
        for body in richer:
            assert tokens(await count(house, body)) > tokens(plain) > 0
        assert house.simulator.requests == []


@pytest.mark.parametrize("accounts", [(), ("alice",)])
async def test_where_nobody_can_be_asked_it_is_estimated(
    autojump_clock: Clock, accounts: tuple[str, ...]
) -> None:
    script = Script.of({"alice": ["429 retry-after=60"]})
    async with open_playhouse(script, accounts=accounts) as house:
        await house.ask(leave_after=1)
        before = len(house.simulator.requests)
        assert is_estimate(await count(house))
        assert len(house.simulator.requests) == before


async def test_a_model_without_a_route_is_the_clients_fault(autojump_clock: Clock) -> None:
    async with counting_house() as house:
        with pytest.raises(ClientError, match="no route matches"):
            await count(house, {**ASKED, "model": "gpt-9"})


async def test_a_client_that_leaves_frees_its_place(autojump_clock: Clock) -> None:
    async with counting_house(*["silence seconds=0"] * 8, "answer") as house:
        for _ in range(2):
            async with trio.open_nursery() as nursery:
                for number in range(4):
                    nursery.start_soon(count, house, {**ASKED, "system": f"Be {number}."})
                await trio.sleep(1)
                nursery.cancel_scope.cancel()
        assert len(house.simulator.requests) == 8
        assert not is_estimate(await count(house))
        house.assert_nothing_left()
