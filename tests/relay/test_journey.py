"""What dialogues do not show: bugs of ours, requests left at their start, the budget's end."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio
from playhouse import HELLO, Playhouse, open_playhouse

from peekd.relay.delivery import Delivery, Final
from peekd.relay.journey import Journey

Clock = trio.testing.MockClock


class Stage:
    """One journey and the client's side of it."""

    def __init__(self, playhouse: Playhouse, *, stream: bool = True) -> None:
        self.house = playhouse.house
        self.asked = playhouse.asked({**HELLO, "stream": stream}, {}, "/v1/messages")
        self.delivery = Delivery(ping=self.asked.protocol.encode_ping(), ping_seconds=10)
        self.journey = Journey(self.house, self.asked, self.delivery)

    @property
    def record(self) -> Any:
        return self.house.live.find(self.asked.id)


@asynccontextmanager
async def open_stage(*acts: object, stream: bool = True) -> AsyncGenerator[Stage]:
    async with open_playhouse({"alice": list(acts) or ["answer"]}) as playhouse:
        yield Stage(playhouse, stream=stream)


async def test_a_bug_of_ours_is_a_500_without_its_words(autojump_clock: Clock) -> None:
    async with open_stage() as stage:
        await stage.journey.tell_internal()
        final = await stage.delivery.wait_reply()
        assert isinstance(final, Final)
        assert final.status == 500
        error = msgspec.json.decode(final.body)["error"]
        assert error["type"] == "api_error"
        assert error["message"].endswith(f"(peekd explain {stage.asked.id})")
        assert (stage.record.outcome, stage.record.status, stage.record.state) == ("internal", 500, "done")
        assert "report" in stage.record.advice


async def test_a_bug_of_ours_after_the_headers_is_an_error_in_the_stream(autojump_clock: Clock) -> None:
    async with open_stage() as stage:
        stage.journey.commit_early()
        await stage.journey.tell_internal()
        body = b"".join([piece async for piece in stage.delivery.chunks()])
        assert body.startswith(b"event: error\n")
        assert b"api_error" in body
        assert (stage.record.outcome, stage.record.status, stage.record.commit) == ("internal", 200, "early")


async def test_headers_go_out_once(autojump_clock: Clock) -> None:
    async with open_stage() as stage:
        stage.journey.commit_early()
        stage.journey.commit_early()
        reply = await stage.delivery.wait_reply()
        assert dict(reply.headers)["x-peekd-commit"] == "early"
        assert stage.record.commit == "early"


async def test_an_early_commit_after_the_answer_changes_nothing(autojump_clock: Clock) -> None:
    async with open_stage("400") as stage:
        await stage.journey.run()
        stage.journey.commit_early()
        final = await stage.delivery.wait_reply()
        assert isinstance(final, Final)
        assert (final.status, stage.record.commit) == (400, "")


@pytest.mark.parametrize(("draining", "outcome"), [(False, "client_gone"), (True, "drained")])
@pytest.mark.parametrize("act", ["hang", "stall", "silence"])
async def test_whoever_ends_it_from_outside_the_record_is_closed_and_nobody_is_blamed(
    autojump_clock: Clock, act: str, outcome: str, *, draining: bool
) -> None:
    async with open_stage(act, stream=False) as stage:
        with trio.move_on_after(5) as scope:
            stage.house.draining = draining
            await stage.journey.run()
        assert scope.cancelled_caught
        assert (stage.record.outcome, stage.record.state, stage.record.seconds) == (outcome, "done", 5)
        assert stage.record.attempts[0].outcome == outcome
        assert [(state.state, state.in_flight) for state in stage.house.roster.states()] == [("ready", 0)]


async def test_a_client_that_leaves_after_the_terminal_has_its_answer(autojump_clock: Clock) -> None:
    act = {"do": "stall", "at": "last", "text": "Hello"}
    async with open_stage(act) as stage:
        with trio.move_on_after(5):
            await stage.journey.run()
        assert stage.record.outcome == "completed"


async def test_a_request_that_nobody_serves_is_told_before_any_account_is_asked(
    autojump_clock: Clock,
) -> None:
    async with open_playhouse({"alice": ["answer"]}) as playhouse:
        told = await playhouse.ask({**HELLO, "model": "gpt-5"})
        assert (told.status, told.record.outcome, told.record.attempts) == (404, "rejected", [])
        assert told.json["error"]["type"] == "not_found_error"


async def test_a_failure_says_who_was_tried_last(autojump_clock: Clock) -> None:
    act = "429 retry-after=900"
    async with open_playhouse({"alice": [act], "bob": [act]}) as playhouse:
        told = await playhouse.ask()
        assert told.status == 429
        assert told.headers["x-account-email"] == "bob"
        assert told.headers["x-peekd-attempts"] == "2"
        assert told.headers["x-mapped-model"] == HELLO["model"]
        playhouse.house.tree.expose_account = False
        assert "x-account-email" not in (await playhouse.ask()).headers
