"""Answers that come at once: where folding would lose something, and where an upstream shall not stream."""

from typing import Any

import anthropic.types
import msgspec
import pytest
import trio
from playhouse import HELLO, QUICK, Told, open_playhouse
from pydantic import TypeAdapter
from rawhouse import CLOSE, OPEN, REASON, START, STOP, RawAnswer, frame, open_rawhouse, words

Clock = trio.testing.MockClock

EVENTS: TypeAdapter[Any] = TypeAdapter(anthropic.types.RawMessageStreamEvent)
JSON = (("content-type", "application/json"),)
NEW = frame("future_event", detail={"kept": True})
STRANGE = (START, OPEN, words("Hello"), CLOSE, NEW, REASON, STOP)
BODY = (
    b'{"id": "msg_1", "type":"message","role":"assistant", "model":"claude-opus-5-5",\n "content": '
    b'[{"type":"text","text":"Hello"}], "stop_reason":"end_turn", "stop_sequence":null, "future": [1.0],'
    b' "usage":{"input_tokens":7,"output_tokens":3}}\n'
)
WHOLE = RawAnswer([BODY[:20], BODY[20:]], headers=JSON)


def asked_streams(bodies: list[bytes]) -> list[bool]:
    return [msgspec.json.decode(body)["stream"] for body in bodies]


# ---- what cannot be folded -----------------------------------------------------------------------


async def test_what_cannot_be_folded_is_asked_for_whole_and_goes_as_it_came(autojump_clock: Clock) -> None:
    async with open_rawhouse(STRANGE, WHOLE) as (house, upstream):
        told = await house.ask(stream=False)
        assert (told.status, told.body) == (200, BODY)
        assert told.told == [("alice", "malformed", "again"), ("alice", "completed", "relay")]
        assert told.record.attempts[0].upstream_error == "unfoldable: an event of type 'future_event'"
        assert asked_streams(upstream.bodies) == [True, False]
        assert told.record.spliced == ()
        assert (told.record.usage.prompt, told.record.usage.output) == (7, 3)
        assert [state.state for state in house.house.roster.states()] == ["ready"]
        house.assert_nothing_left()


HALF = (
    frame(
        "content_block_start",
        index=0,
        content_block={"type": "tool_use", "id": "t", "name": "f", "input": {}},
    ),
    frame("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": '{"a": "Once'}),
    CLOSE,
    frame("message_delta", delta={"stop_reason": "max_tokens"}, usage={"output_tokens": 64}),
)


async def test_half_a_call_that_a_limit_cut_is_asked_for_whole_once_and_goes_as_it_came(
    autojump_clock: Clock,
) -> None:
    async with open_rawhouse((START, *HALF, STOP), WHOLE) as (house, upstream):
        told = await house.ask(stream=False)
        assert (told.status, told.body) == (200, BODY)
        assert asked_streams(upstream.bodies) == [True, False]


@pytest.mark.parametrize("stream", [True, False])
async def test_in_another_language_half_a_call_ends_in_the_limit_and_is_not_asked_for_again(
    autojump_clock: Clock, *, stream: bool
) -> None:
    call: dict[str, Any] = {"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"a": "Once'}}
    pieces: list[tuple[dict[str, Any], str | None]] = [({"tool_calls": [call]}, None), ({}, "length")]
    chunks = [{"id": "x", "choices": [{"delta": said, "finish_reason": why}]} for said, why in pieces]
    answer = [b"data: %b\n\n" % msgspec.json.encode(chunk) for chunk in chunks]
    async with open_rawhouse(answer, protocol="openai-chat") as (house, upstream):
        told = await house.ask(stream=stream)
        assert told.told == [("alice", "completed", "relay")]
        assert len(upstream.bodies) == 1
        assert b'"stop_reason":"max_tokens"' in told.body
        assert stream or msgspec.json.decode(told.body)["content"] == []  # no client may run half a call


async def test_a_streaming_client_gets_what_is_new_as_it_came(autojump_clock: Clock) -> None:
    async with open_rawhouse(STRANGE) as (house, _):
        told = await house.ask()
        assert NEW in told.body
        assert len(told.record.attempts) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (RawAnswer([b'{"type":"error","error":{"type":"overloaded_error"}}'], 529, JSON), "overloaded"),
        (RawAnswer([b'{"type":"error","error":{"type":"overloaded_error"}}'], 200, JSON), "overloaded"),
        (RawAnswer([b"nonsense"], headers=JSON), "server_error"),
        (RawAnswer([], headers=JSON), "server_error"),
        (RawAnswer([BODY[:50]], headers=JSON, ends=False), "error_in_stream"),
        (RawAnswer([BODY[:50], float("inf")], headers=JSON), "silent"),
        (RawAnswer([BODY.replace(b'"end_turn"', b"null")], headers=JSON), "truncated"),
        (RawAnswer([BODY.replace(b'{"type":"text","text":"Hello"}', b"")], headers=JSON), "blank"),
    ],
)
async def test_a_whole_answer_that_is_none_is_retried_by_the_same_policy(
    autojump_clock: Clock, answer: RawAnswer, outcome: str
) -> None:
    async with open_rawhouse(STRANGE, answer, WHOLE, accounts=("alice", "bob")) as (house, upstream):
        told = await house.ask(stream=False)
        assert (told.status, told.body) == (200, BODY)
        assert [attempt.outcome for attempt in told.record.attempts] == ["malformed", outcome, "completed"]
        assert asked_streams(upstream.bodies) == [True, False, False]
        house.assert_nothing_left()


async def test_an_upstream_that_streams_what_was_asked_for_whole_is_given_up_in_the_end(
    autojump_clock: Clock,
) -> None:
    async with open_rawhouse(STRANGE, accounts=("alice", "bob")) as (house, upstream):
        told = await house.ask(stream=False)
        assert told.status == 503
        assert asked_streams(upstream.bodies) == [True, False, False]
        house.assert_nothing_left()


async def test_a_client_that_leaves_while_the_whole_answer_is_made_blames_nobody(
    autojump_clock: Clock,
) -> None:
    async with open_rawhouse(STRANGE, RawAnswer([BODY[:20], float("inf")], headers=JSON)) as (house, _):
        told = await house.ask(stream=False, leave_after=5)
        assert told.record.outcome == "client_gone"
        house.assert_nothing_left()


# ---- upstreams that shall not stream -------------------------------------------------------------


def assert_streamed_well(told: Told) -> None:
    events = [EVENTS.validate_python(event) for event in told.events]
    assert events[0].type == "message_start"
    assert events[-1].type == "message_stop"
    assert events[0].message.model == HELLO["model"]
    assert events[0].message.content == []


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
async def test_a_whole_answer_is_played_out_to_a_client_that_streams(
    autojump_clock: Clock, protocol: str, *, stream: bool
) -> None:
    act = {"do": "answer", "text": "Hello", "thinking": "Hmm", "tool": {"name": "Bash", "input": {"a": "b"}}}
    body: dict[str, Any] = {
        **HELLO,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "tools": [{"name": "Bash", "input_schema": {"type": "object"}}],
    }
    async with open_playhouse({"alice": [act]}, protocol=protocol, streams=False) as house:
        told = await house.ask(body, stream=stream)
        assert (told.status, told.text, told.record.outcome) == (200, "Hello", "completed")
        assert not house.simulator.requests[0].asked.stream
        if stream:
            assert_streamed_well(told)
            pieces = [event.get("delta", {}) for event in told.events]
            assert "".join(piece.get("thinking", "") for piece in pieces) == "Hmm"
            assert "".join(piece.get("partial_json", "") for piece in pieces) == '{"a":"b"}'
            opened = [event["content_block"] for event in told.events if "content_block" in event]
        else:
            opened = told.json["content"]
        kinds = [block["type"] for block in opened]
        assert (kinds[:2], kinds[-1]) == (["thinking", "text"], "tool_use")
        assert told.record.usage.output
        assert told.record.spliced == (("stream",) if stream and protocol == "anthropic" else ())
        house.assert_nothing_left()


@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
@pytest.mark.parametrize(
    ("act", "outcome"), [("429", "rate_limited"), ("500", "server_error"), ("blank", "blank")]
)
async def test_what_is_no_answer_is_healed_as_in_a_stream(
    autojump_clock: Clock, act: str, outcome: str, protocol: str
) -> None:
    plays = {"alice": [act, "answer text=Hello"], "bob": ["answer text=Hello"]}
    async with open_playhouse(plays, protocol=protocol, streams=False) as house:
        told = await house.ask()
        assert told.record.attempts[0].outcome == outcome
        assert told.text == "Hello"
        assert_streamed_well(told)


async def test_a_second_blank_is_the_models_answer_here_too(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["blank"]}, streams=False) as house:
        told = await house.ask()
        assert told.record.note == "blank_accepted"
        assert told.kinds == ["message_start", "message_delta", "message_stop"]


async def test_a_client_that_streams_is_kept_awake_while_the_answer_is_made(autojump_clock: Clock) -> None:
    healing = msgspec.structs.replace(QUICK, early_commit_seconds=15, headers_seconds=20)
    act = "answer text=Hello delay=55"
    async with open_playhouse({"alice": [act]}, streams=False, healing=healing) as house:
        told = await house.ask()
        assert told.text == "Hello"
        assert told.headers["x-peekd-commit"] == "early"
        assert sorted({at for at, _ in told.pieces}) == [25, 35, 45, 55]


async def test_whoever_takes_longer_than_a_thought_may_is_left(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["silence"], "bob": ["answer"]}, streams=False) as house:
        told = await house.ask(stream=False)
        assert told.record.attempts[0].outcome == "headers_timeout"
        assert told.record.attempts[0].ended == QUICK.reasoning_seconds
        assert told.status == 200


async def test_an_answer_in_one_piece_that_nobody_asked_for_is_an_answer(autojump_clock: Clock) -> None:
    async with open_rawhouse(WHOLE) as (house, upstream):
        told = await house.ask()
        assert told.text == "Hello"
        assert_streamed_well(told)
        assert asked_streams(upstream.bodies) == [True]
