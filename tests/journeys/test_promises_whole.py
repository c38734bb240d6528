"""What a client that does not stream may count on, and what nothing said amounts to for either kind."""

from typing import Any

import msgspec
import pytest
import trio
from playhouse import HELLO, QUICK, open_playhouse
from rawhouse import CLOSE, OPEN, PING, REASON, START, STOP, WHOLE, RawAnswer, frame, open_rawhouse, words

from peekd.relay import rendering

Clock = trio.testing.MockClock

THOUGHT = frame("content_block_start", index=0, content_block={"type": "thinking", "thinking": "Hm"})
TOOL = frame("content_block_start", index=0, content_block={"type": "tool_use", "id": "t", "name": "Bash"})


def arguments(text: str) -> bytes:
    return frame("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": text})


def stopped(reason: str) -> bytes:
    return frame("message_delta", delta={"stop_reason": reason}, usage={"output_tokens": 3})


# ---- nothing said ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
async def test_a_blank_that_comes_first_after_a_failure_is_not_the_answer_yet(
    autojump_clock: Clock, protocol: str, *, stream: bool
) -> None:
    plays = {"alice": ["empty", "blank"], "bob": ["answer text=Hello"]}
    async with open_playhouse(plays, protocol=protocol) as house:
        told = await house.ask(stream=stream)
        assert [outcome for _, outcome, _ in told.told] == ["empty", "blank", "completed"]
        assert told.text == "Hello"
        assert told.record.note == ""


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
async def test_a_second_blank_of_another_account_is_the_answer(
    autojump_clock: Clock, protocol: str, *, stream: bool
) -> None:
    plays = {"alice": ["empty", "blank"], "bob": ["blank"]}
    async with open_playhouse(plays, protocol=protocol) as house:
        told = await house.ask(stream=stream)
        assert (told.status, told.text) == (200, "")
        assert told.record.note == "blank_accepted"
        assert told.record.outcome == "completed"
        if stream:
            assert told.kinds[-1] == "message_stop"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "reason",
    ["max_tokens", "stop_sequence", "pause_turn", "refusal", "model_context_window_exceeded"],
)
@pytest.mark.parametrize("before", [[START], [START, THOUGHT, CLOSE]])
async def test_an_end_by_a_limit_or_a_rule_is_an_answer_and_never_retried(
    autojump_clock: Clock, reason: str, before: list[bytes], *, stream: bool
) -> None:
    async with open_rawhouse([*before, stopped(reason), STOP]) as (house, upstream):
        told = await house.ask(stream=stream)
        assert (told.status, told.record.outcome) == (200, "completed")
        assert len(upstream.bodies) == 1
        assert told.body == b"".join([*before, stopped(reason), STOP]) if stream else told.json["stop_reason"]


@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
async def test_thoughts_alone_are_an_answer_to_nobody_who_has_not_seen_them(
    autojump_clock: Clock, protocol: str
) -> None:
    body: dict[str, Any] = {**HELLO, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    plays = {"alice": ["thinking-only", "thinking-blank", "answer text=Hello"], "bob": ["answer text=Hello"]}
    async with open_playhouse(plays, protocol=protocol) as house:
        told = await house.ask(body, stream=False)
        assert [outcome for _, outcome, _ in told.told] == ["truncated", "blank", "completed"]
        assert told.text == "Hello"


async def test_thoughts_alone_said_twice_are_the_answer_and_marked(autojump_clock: Clock) -> None:
    async with open_rawhouse([START, THOUGHT, CLOSE, REASON, STOP]) as (house, _):
        told = await house.ask(stream=False)
        assert [block["type"] for block in told.json["content"]] == ["thinking"]
        assert len(told.record.attempts) == 2
        assert told.record.note == "blank_accepted"


# ---- folded ---------------------------------------------------------------------------------------------

FAULTS: dict[str, list[Any]] = {
    "cut": [START, OPEN, words("Hel")],
    "cut-in-a-tool": [START, TOOL, arguments('{"a')],
    "open-block": [START, OPEN, words("Hel"), REASON, STOP],
    "bad-json": [START, TOOL, arguments('{"a'), CLOSE, stopped("tool_use"), STOP],
    "error": [START, OPEN, words("Hel"), frame("error", error={"type": "overloaded_error"})],
    "unreadable": [START, OPEN, words("Hel"), b"event: content_block_delta\ndata: {\n\n"],
    "silent": [START, OPEN, words("Hel"), 1000.0],
    "pings": [START, OPEN, words("Hel"), *[5.0, PING] * 40],
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_failure_up_to_the_last_byte_is_retried_whole(autojump_clock: Clock, fault: str) -> None:
    async with open_rawhouse(FAULTS[fault], WHOLE, accounts=("alice", "bob")) as (house, _):
        told = await house.ask(stream=False)
        assert (told.status, told.text) == (200, "Hello")
        assert told.json["usage"]["output_tokens"] == 3
        assert len(told.record.attempts) == 2
        house.assert_nothing_left()


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_failure_that_stays_is_a_status_and_never_half_a_body(
    autojump_clock: Clock, fault: str
) -> None:
    async with open_rawhouse(FAULTS[fault], accounts=("alice", "bob")) as (house, _):
        told = await house.ask(stream=False)
        assert (told.status, told.json["error"]["type"]) == (503, "overloaded_error")
        assert int(told.headers["retry-after"]) >= 1
        assert told.record.outcome not in {"completed", "broken", "stalled"}
        house.assert_nothing_left()


async def test_more_than_can_be_collected_is_given_up_and_not_kept(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "WHOLE_BYTES", 10_000)
    endless = [START, OPEN, *[words("x" * 1000)] * 50, 1000.0]
    async with open_rawhouse(endless, WHOLE) as (house, _):
        told = await house.ask(stream=False)
        assert told.text == "Hello"
        assert told.record.attempts[0].outcome == "malformed"
        assert "10000 bytes" in told.record.attempts[0].upstream_error


def test_what_can_be_collected_is_64_mib() -> None:
    assert rendering.WHOLE_BYTES == 64 * 1024 * 1024


# ---- leaving ---------------------------------------------------------------------------------------------


async def test_a_client_that_closes_after_the_terminal_has_not_left(autojump_clock: Clock) -> None:
    async with open_rawhouse([*WHOLE[:-1], 1000.0]) as (house, _):
        told = await house.ask(leave_after=3)
        assert told.record.outcome == "completed"
        assert all(state.state == "ready" for state in house.house.roster.states())


@pytest.mark.parametrize("silence", [1000.0, 4.0])
async def test_a_client_that_leaves_before_it_has_its_body_has_left(
    autojump_clock: Clock, silence: float
) -> None:
    async with open_rawhouse([*WHOLE[:-1], silence, STOP]) as (house, _):
        told = await house.ask(stream=False, leave_after=3)
        assert told.record.outcome == "client_gone"
        assert all(state.state == "ready" for state in house.house.roster.states())
        house.assert_nothing_left()


async def test_a_client_that_leaves_between_two_attempts_has_left(autojump_clock: Clock) -> None:
    healing = msgspec.structs.replace(QUICK, max_attempts=9)
    refused = RawAnswer([b"{}"], status=503, headers=(("retry-after", "9"),))
    async with open_rawhouse(FAULTS["bad-json"], refused, healing=healing) as (house, _):
        told = await house.ask(stream=False, leave_after=3)
        assert told.record.attempts[0].outcome == "malformed"
        assert told.record.outcome == "client_gone"
