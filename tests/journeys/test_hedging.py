"""A second account beside one that is slow to begin: when it is asked, who wins, and what is booked."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from askers import CLIENTS, asking, heard
from playhouse import QUICK, Playhouse, Told
from townhouse import open_townhouse

from peekd.accounts.wanted import Target
from peekd.healing.hedge import Bucket
from peekd.healing.settings import HealingSettings, HedgingSettings
from peekd.relay.hedging import Hedges

Clock = trio.testing.MockClock

SLOW = "answer text=slow delay=15"
FAST = "answer text=fast"
AFTER = 4.0
"""Seconds after which these houses hedge."""


def house(plays: dict[str, list[object]], **more: Any) -> Any:
    """A house with an account for each key of `plays`, on one route that hedges."""
    route = {"match": "*", "to": ["up"], "hedge": True, **more.pop("route", {})}
    protocol = more.pop("protocol", "anthropic")
    return open_townhouse(
        {"up": {"protocol": protocol}},
        accounts=[{"name": name, "upstream": "up"} for name in plays],
        plays=plays,
        routes=[route],
        **more,
    )


def ready(playhouse: Playhouse, **settings: Any) -> None:
    """Let it hedge after `AFTER` seconds, as often as is left in the bucket: once, if nothing is said."""
    level = settings.pop("level", 1.0)
    limits: dict[str, Any] = {"min_seconds": AFTER, "max_seconds": AFTER, "max_share": 0.0, **settings}
    playhouse.house.hedges = Hedges(HedgingSettings(**limits))
    playhouse.house.hedges.bucket = Bucket(level)


async def ask(playhouse: Playhouse, client: str = "anthropic", **more: Any) -> Told:
    given: dict[str, Any] = {"stream": True, **asking(client, tools=False), **more}
    return await playhouse.ask(**given)


@pytest.mark.parametrize("client", CLIENTS)
async def test_the_first_with_meaning_wins_and_the_other_is_cancelled_and_booked(
    autojump_clock: Clock, client: str
) -> None:
    async with house({"alice": [SLOW], "bob": [FAST]}) as playhouse:
        ready(playhouse)
        told = await ask(playhouse, client)
        assert heard(client, told).text == "fast"
        assert [(one.account, one.outcome) for one in told.record.attempts] == [
            ("alice", "superseded"),
            ("bob", "completed"),
        ]
        first, second = told.record.attempts
        assert (first.beside, second.beside) == (0, 1)
        assert second.started == pytest.approx(AFTER, abs=0.1)
        assert first.ended == pytest.approx(second.marks["first_meaning"], abs=0.1)
        assert told.record.account == "bob"
        assert told.headers["x-account-email"] == "bob"
        assert [state.state for state in playhouse.house.roster.states()] == ["ready", "ready"]
        said = [entry.message for entry in told.entries]
        assert any("beside attempt 1, which has shown nothing yet" in words for words in said)
        assert "superseded" in said
        playhouse.assert_nothing_left()


async def test_where_the_first_is_sooner_after_all_the_second_is_superseded(autojump_clock: Clock) -> None:
    async with house({"alice": ["answer text=slow delay=6"], "bob": [SLOW]}) as playhouse:
        ready(playhouse)
        told = await ask(playhouse)
        assert told.text == "slow"
        assert told.told == [("alice", "completed", "relay"), ("bob", "superseded", "give_up")]
        assert told.record.account == told.headers["x-account-email"] == "alice"
        assert [entry.account for entry in told.entries if entry.phase in {"commit", "end"}] == ["alice"] * 2
        playhouse.assert_nothing_left()


async def test_two_that_begin_at_once_have_one_winner(autojump_clock: Clock) -> None:
    async with house({"alice": ["answer text=one delay=6"], "bob": ["answer text=two delay=2"]}) as playhouse:
        ready(playhouse)
        told = await ask(playhouse)
        assert told.text in {"one", "two"}
        assert sorted(one.outcome for one in told.record.attempts) == ["completed", "superseded"]
        assert told.kinds.count("message_start") == 1


async def test_one_that_begins_in_time_is_alone(autojump_clock: Clock) -> None:
    async with house({"alice": ["answer text=fast delay=3"], "bob": [FAST]}) as playhouse:
        ready(playhouse)
        told = await ask(playhouse)
        assert told.told == [("alice", "completed", "relay")]


async def test_when_both_fail_each_is_decided_on_in_turn(autojump_clock: Clock) -> None:
    plays: dict[str, list[object]] = {
        "alice": ["500 delay=8"],
        "bob": ["empty delay=6", FAST],
        "carol": [FAST],
    }
    async with house(plays) as playhouse:
        ready(playhouse)
        told = await ask(playhouse)
        moves = [(one.account, one.outcome, one.move) for one in told.record.attempts]
        assert moves[:2] == [("alice", "server_error", "rotate"), ("bob", "empty", "again")]
        assert "left to attempt 2" in told.record.attempts[0].because
        assert told.text == "fast"
        assert len(told.record.attempts) == 3
        playhouse.assert_nothing_left()


async def test_a_failure_beside_one_that_is_under_way_is_no_end(autojump_clock: Clock) -> None:
    async with house({"alice": ["answer text=slow delay=8"], "bob": ["500"]}) as playhouse:
        ready(playhouse)
        told = await ask(playhouse)
        assert told.text == "slow"
        assert sorted(told.told) == [("alice", "completed", "relay"), ("bob", "server_error", "rotate")]


async def test_the_requests_own_fault_ends_both_at_once(autojump_clock: Clock) -> None:
    async with house({"alice": [SLOW], "bob": ["400"]}) as playhouse:
        ready(playhouse)
        told = await ask(playhouse)
        assert told.status == 400
        assert [one.outcome for one in told.record.attempts] == ["superseded", "rejected"]
        assert (told.record.seconds or 0) < AFTER + 1
        playhouse.assert_nothing_left()


@pytest.mark.parametrize("limit", ["429", "529"])
async def test_never_after_a_limit(autojump_clock: Clock, limit: str) -> None:
    async with house({"alice": [limit, SLOW], "bob": [SLOW], "carol": [FAST]}) as playhouse:
        ready(playhouse)
        told = await ask(playhouse)
        assert "superseded" not in [one.outcome for one in told.record.attempts]
        assert [one.beside for one in told.record.attempts] == [0] * len(told.record.attempts)


@pytest.mark.parametrize(
    ("plays", "more"),
    [
        ({"alice": [SLOW]}, {}),  # nobody else
        ({"alice": [SLOW], "bob": [FAST]}, {"healing": HealingSettings(max_attempts=1)}),
        ({"alice": [SLOW], "bob": [FAST]}, {"healing": HealingSettings(max_accounts=1)}),
        ({"alice": [SLOW], "bob": [FAST]}, {"healing": HealingSettings(max_resent_tokens=1)}),
        ({"alice": [SLOW], "bob": [FAST]}, {"route": {"hedge": False}}),
    ],
)
async def test_never_beyond_what_a_request_may_spend(
    autojump_clock: Clock, plays: dict[str, list[object]], more: dict[str, Any]
) -> None:
    async with house(plays, **more) as playhouse:
        ready(playhouse)
        told = await ask(playhouse)
        assert [one.account for one in told.record.attempts] == ["alice"]


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        ({"level": 0.99}, {}),
        ({"max_prompt_tokens": 1}, {}),
        ({}, {"stream": False}),
        ({}, {"body": asking("anthropic")["body"] | {"mcp_servers": [{"type": "url"}]}}),
    ],
)
async def test_never_without_leave_nor_large_nor_for_those_who_wait_for_the_whole_nor_with_effects(
    autojump_clock: Clock, settings: dict[str, Any], more: dict[str, Any]
) -> None:
    async with house({"alice": [SLOW], "bob": [FAST]}) as playhouse:
        ready(playhouse, **settings)
        told = await ask(playhouse, **more)
        assert [one.account for one in told.record.attempts] == ["alice"]


async def test_never_where_one_account_holds_what_is_named(autojump_clock: Clock) -> None:
    plays: dict[str, list[object]] = {"alice": [SLOW], "bob": [FAST]}
    async with house(plays, protocol="gemini") as playhouse:
        ready(playhouse)
        told = await ask(
            playhouse, "gemini", **asking("gemini", tools=False, cachedContent="cachedContents/x")
        )
        assert len(told.record.attempts) == 1


async def test_there_are_no_more_of_them_than_their_share(autojump_clock: Clock) -> None:
    async with house({"alice": ["answer delay=5"], "bob": ["answer delay=5"]}) as playhouse:
        ready(playhouse, level=0.0, max_share=0.1)
        hedged = 0
        for number in range(1, 66):
            told = await ask(playhouse)
            hedged += len(told.record.attempts) - 1
            assert hedged <= 0.1 * number
        assert hedged == 6


async def test_the_time_is_learnt_of_each_model(autojump_clock: Clock) -> None:
    async with house({"alice": ["answer delay=1"], "bob": ["answer delay=1"]}) as playhouse:
        ready(playhouse, min_seconds=0.5, max_seconds=60)
        target = Target("up", "claude-opus-4-5")
        assert playhouse.house.hedges.delay(target) == 60
        for _ in range(20):
            await ask(playhouse)
        assert playhouse.house.hedges.delay(target) == pytest.approx(1, abs=0.1)
        assert playhouse.house.hedges.delay(Target("up", "another")) == 60


async def test_a_client_that_leaves_closes_both(autojump_clock: Clock) -> None:
    async with house({"alice": [SLOW], "bob": [SLOW]}) as playhouse:
        ready(playhouse)
        told = await ask(playhouse, leave_after=8)
        assert [(one.outcome, one.ended) for one in told.record.attempts] == [("client_gone", 8.0)] * 2
        assert told.record.outcome == "client_gone"
        assert [state.state for state in playhouse.house.roster.states()] == ["ready", "ready"]
        playhouse.assert_nothing_left()


async def test_the_end_of_the_daemon_closes_both(autojump_clock: Clock) -> None:
    async with house({"alice": [SLOW], "bob": [SLOW]}) as playhouse, trio.open_nursery() as nursery:
        ready(playhouse)

        async def drain() -> None:
            await trio.sleep(8)
            playhouse.house.draining = True
            playhouse.house.lives.cut()

        nursery.start_soon(drain)
        told = await ask(playhouse)
        assert told.status == 503
        assert [one.outcome for one in told.record.attempts] == ["drained"] * 2
        playhouse.assert_nothing_left()


async def test_an_answer_that_breaks_off_after_it_won_is_an_error_as_ever(autojump_clock: Clock) -> None:
    async with house({"alice": [SLOW], "bob": ["drop text='one two three four'"]}) as playhouse:
        ready(playhouse)
        told = await ask(playhouse)
        assert heard("anthropic", told).error
        assert [(one.outcome, one.move) for one in told.record.attempts] == [
            ("superseded", "give_up"),
            ("broken", "give_up"),
        ]
        assert "left to" not in told.record.attempts[1].because


async def test_a_refused_signature_is_repaired_and_not_left_to_the_other(autojump_clock: Clock) -> None:
    async with house({"alice": [SLOW], "bob": ["signature", FAST]}, healing=QUICK) as playhouse:
        ready(playhouse)
        told = await ask(playhouse)
        assert told.text == "fast"
        assert [one.move for one in told.record.attempts if one.account == "bob"] == ["repair", "relay"]
