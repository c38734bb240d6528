"""JSON that nests without end, of clients and upstreams: passed on, or told in the protocol's own words."""

from __future__ import annotations

from typing import Any

import pytest
from front import answer_to, open_door, statuses
from hostile import said
from playhouse import STREAM, Playhouse, open_playhouse
from rawhouse import CLOSE, OPEN, START, RawAnswer, frame, open_rawhouse

from peekd.records.entries import ERROR

DEPTHS = (60, 300, 700, 950, 1100, 30_000)
"""Levels: from what is met to what no reader takes; between them Python's own limits bite, one by one."""

BODIES: dict[str, tuple[str, ...]] = {
    "/v1/messages": (
        "@",
        '{"model":"m","max_tokens":9,"messages":@}',
        '{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant",'
        '"content":[{"type":"tool_use","id":"a","name":"b","input":{"x":@}}]}],"stream":true}',
        '{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}],'
        '"tools":[{"name":"a","input_schema":{"type":"object","properties":@}}],"stream":true}',
        '{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}],"metadata":@}',
    ),
    "/v1/messages/count_tokens": ('{"model":"m","messages":@}',),
    "/v1/chat/completions": (
        '{"model":"m","messages":@}',
        '{"model":"m","messages":[{"role":"user","content":"x"}],'
        '"tools":[{"type":"function","function":{"name":"a","parameters":{"type":"object","properties":@}}}]}',
        '{"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":'
        '[{"id":"a","type":"function","function":{"name":"a","arguments":"{\\"x\\":@}"}}]}]}',
    ),
    "/v1/responses": (
        '{"model":"m","input":@}',
        '{"model":"m","input":[{"role":"user","content":"x"},'
        '{"type":"function_call","call_id":"a","name":"b","arguments":"{\\"x\\":@}"}]}',
    ),
    "/v1/completions": ('{"model":"m","prompt":@}',),
    "/v1beta/models/m:generateContent": (
        '{"contents":@}',
        '{"contents":[{"role":"user","parts":[{"text":"x"}]},'
        '{"role":"model","parts":[{"functionCall":{"name":"a","args":{"x":@}}}]}]}',
    ),
    "/v1beta/models/m:countTokens": ('{"contents":@}',),
}


def nested(levels: int) -> str:
    """An array in an array in an array."""
    return "[" * levels + "]" * levels


def bugs(house: Playhouse) -> list[str]:
    """What the journal holds of peekd's own faults."""
    return [entry.message[-300:] for entry in house.entries if entry.priority <= ERROR]


@pytest.mark.parametrize("protocol", ["anthropic", "gemini", "openai-chat", "openai-responses"])
@pytest.mark.parametrize("path", BODIES)
async def test_a_request_of_any_depth_is_served_or_the_clients_fault(
    autojump_clock: Any, path: str, protocol: str
) -> None:
    async with (
        open_playhouse({"alice": ["answer text=Hello"]}, models="*", protocol=protocol) as house,
        open_door(house) as (_, connect),
    ):
        for text in BODIES[path]:
            for levels in DEPTHS:
                body = text.replace("@", nested(levels)).encode()
                first = f"POST {path} HTTP/1.1".encode()
                length = b"Content-Length: %d" % len(body)
                got = await answer_to(connect, said(b"Connection: close", length, body=body, first=first))
                assert statuses(got) in {"200", "400"}, (text, levels)
                assert statuses(got) == "200" or b'"error"' in got
        assert bugs(house) == []
        house.assert_nothing_left()


def calls(levels: int) -> list[bytes]:
    """An Anthropic stream whose one call nests so deep."""
    block: dict[str, Any] = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
    given = {"type": "input_json_delta", "partial_json": '{"x":' + nested(levels) + "}"}
    return [
        START,
        frame("content_block_start", index=0, content_block=block),
        frame("content_block_delta", index=0, delta=given),
        CLOSE,
        frame("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 3}),
        frame("message_stop"),
    ]


def strange(levels: int) -> list[bytes]:
    """An Anthropic stream with an event of which nobody knows what so much depth is for."""
    odd = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":%b}\n\n'
    return [START, OPEN, odd % nested(levels).encode(), CLOSE]


def gemini(levels: int) -> list[bytes]:
    """A Gemini stream of one call."""
    part = '{"functionCall":{"name":"f","args":{"x":' + nested(levels) + "}}}"
    said = f'{{"candidates":[{{"content":{{"parts":[{part}]}},"finishReason":"STOP"}}]}}'
    return [f"data: {said}\n\n".encode()]


ANSWERS = {
    "a call": ("anthropic", calls),
    "a strange event": ("anthropic", strange),
    "a call of Gemini's": ("gemini", gemini),
}
ASKED: dict[str, dict[str, Any]] = {
    "/v1/messages": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]},
    "/v1/chat/completions": {"model": "m", "messages": [{"role": "user", "content": "x"}]},
    "/v1/responses": {"model": "m", "input": "x"},
    f"/v1beta/models/m:{STREAM}": {"contents": [{"role": "user", "parts": [{"text": "x"}]}]},
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_of_any_depth_is_passed_on_or_the_upstreams_fault(
    autojump_clock: Any, path: str, answer: str, *, stream: bool
) -> None:
    protocol, says = ANSWERS[answer]
    for levels in DEPTHS:
        async with open_rawhouse(RawAnswer(says(levels)), protocol=protocol) as (house, _):
            told = await house.ask(ASKED[path], path=path, stream=stream)
            assert told.status in {200, 429, 502, 503}, levels
            assert told.record.outcome != "internal"
            assert bugs(house) == []
            house.assert_nothing_left()
