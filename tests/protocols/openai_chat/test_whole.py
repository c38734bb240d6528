"""An unstreamed answer read as a stream."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.openai_chat.decode import ChatDecoder
from peekd.protocols.openai_chat.whole import decode_whole
from peekd.vocabulary.events import ArgumentsDelta, Counted, Ended, Finished, TextDelta, ThinkingDelta

CALLS = [
    {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
    {"id": "b", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
]
MESSAGE = {"role": "assistant", "content": "Hi", "reasoning_content": "Hm", "tool_calls": CALLS}
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "tool_calls"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


def test_it_says_all_that_a_stream_would() -> None:
    decoder = ChatDecoder()
    events = [event for frame in decode_whole(msgspec.json.encode(ANSWER)) for event in decoder.feed(frame)]
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["Hi"]
    assert [event.text for event in events if isinstance(event, ThinkingDelta)] == ["Hm"]
    assert [event.fragment for event in events if isinstance(event, ArgumentsDelta)] == ["{}", '{"x":1}']
    assert [event.reason for event in events if isinstance(event, Finished)] == ["tool_use"]
    assert isinstance(events[-2], Counted)
    assert isinstance(events[-1], Ended)


def test_every_frame_is_its_own_bytes() -> None:
    for frame in decode_whole(msgspec.json.encode(ANSWER)):
        assert frame.raw == b"data: " + frame.data + b"\n\n"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b"{}",
        b'{"choices":[]}',
        b'{"choices":[{"delta":{}}]}',
        b'{"choices":[{"message":{"tool_calls":[7]}}]}',
        b'{"error":{"message":"x"},"choices":[{"message":{}}]}',
    ],
)
def test_what_is_no_answer_gives_no_frames(body: bytes) -> None:
    assert decode_whole(body) == []


@given(st.binary())
def test_no_bytes_make_it_raise(body: bytes) -> None:
    decode_whole(body)
