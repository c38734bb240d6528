"""An unstreamed response read as a stream."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from peekd.protocols.openai_responses.collect import ResponsesCollector
from peekd.protocols.openai_responses.decode import ResponsesDecoder
from peekd.protocols.openai_responses.whole import decode_whole
from peekd.vocabulary.events import ArgumentsDelta, Beat, Event, TextDelta, ThinkingDelta, Unknown
from peekd.wire.sse import Splitter

SDK: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
TRANSCRIPTS = Path(__file__).parents[2] / "transcripts" / "openai_responses"
CASES = [
    "blank",
    "code_interpreter",
    "compaction",
    "content_filter",
    "custom_tool",
    "local_shell",
    "max_output_tokens",
    "multiple_parts",
    "namespaced_tool",
    "reasoning_encrypted",
    "reasoning_text",
    "reasoning_unshown",
    "refusal",
    "stored",
    "text",
    "tool",
    "tool_search",
    "unicode",
    "web_search",
]


def response(case: str) -> Any:
    """Give the response that the transcript's terminal holds."""
    frames = list(Splitter().feed((TRANSCRIPTS / case / "upstream.sse").read_bytes()))
    return json.loads(frames[-1].data)["response"]


def joined(events: list[Event]) -> list[Event]:
    """Give the events with pieces of one block made one, and without what says nothing."""
    found: list[Event] = []
    for event in events:
        match found[-1:], event:
            case ([TextDelta(before, said)], TextDelta(index, more)) if before == index:
                found[-1] = TextDelta(index, said + more)
            case ([ThinkingDelta(before, said)], ThinkingDelta(index, more)) if before == index:
                found[-1] = ThinkingDelta(index, said + more)
            case ([ArgumentsDelta(before, said)], ArgumentsDelta(index, more)) if before == index:
                found[-1] = ArgumentsDelta(index, said + more)
            case _ if not isinstance(event, Beat | Unknown):
                found.append(event)
            case _:
                pass
    return found


@pytest.mark.parametrize("case", CASES)
def test_it_says_all_that_the_stream_did(case: str) -> None:
    decoder = ResponsesDecoder()
    frames = decode_whole(json.dumps(response(case)).encode())
    told = [event for frame in frames for event in decoder.feed(frame)]
    streamed = msgspec.json.decode((TRANSCRIPTS / case / "events.json").read_bytes(), type=list[Event])
    assert joined(told) == joined(streamed)


@pytest.mark.parametrize("case", CASES)
def test_openais_types_read_every_frame_and_it_folds_to_the_same(case: str) -> None:
    body = json.dumps(response(case)).encode()
    collector = ResponsesCollector()
    for number, frame in enumerate(decode_whole(body)):
        assert SDK.validate_json(frame.data).sequence_number == number
        assert frame.raw == b"event: %b\ndata: %b\n\n" % (frame.event.encode(), frame.data)
        collector.feed(frame)
    assert json.loads(collector.result()) == json.loads(body)


def test_what_opens_is_empty() -> None:
    item = {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "a"}]}
    sealed = item | {"encrypted_content": "e"}
    frames = decode_whole(json.dumps({"output": [sealed], "status": "completed"}).encode())
    opened = next(frame for frame in frames if frame.event == "response.output_item.added")
    assert json.loads(opened.data)["item"] == item | {"summary": [], "encrypted_content": None}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b"{}",
        b'{"output":7}',
        b'{"output":[7]}',
        b'{"output":[],"status":"failed","error":{"code":"server_error","message":"x"}}',
        b'{"output":[],"status":"in_progress"}',
        b'{"output":[],"status":"cancelled"}',
        b'{"output":[],"error":{"code":"server_error","message":"x"}}',
        b'{"output":[{"type":"message","content":7}]}',
        b'{"error":{"message":"x"}}',
    ],
)
def test_what_is_no_answer_gives_no_frames(body: bytes) -> None:
    assert decode_whole(body) == []


@given(st.binary())
def test_no_bytes_make_it_raise(body: bytes) -> None:
    decode_whole(body)
