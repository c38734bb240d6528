"""A message in one piece, played out: the frames of a stream, and folded again the same message."""

import json
from collections.abc import Sequence
from typing import Any

import anthropic.types
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from peekd.protocols.anthropic.collect import AnthropicCollector
from peekd.protocols.anthropic.decode import AnthropicDecoder
from peekd.protocols.anthropic.whole import decode_whole
from peekd.vocabulary import events as e
from peekd.wire.sse import Frame, Splitter

EVENTS: TypeAdapter[Any] = TypeAdapter(anthropic.types.RawMessageStreamEvent)

CITATION: dict[str, Any] = {
    "type": "char_location",
    "cited_text": "a",
    "document_index": 0,
    "document_title": None,
    "start_char_index": 0,
    "end_char_index": 1,
}
BLOCKS: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "Hm\n世", "signature": "proof"},
    {"type": "thinking", "thinking": "", "signature": "hidden"},
    {"type": "redacted_thinking", "data": "sealed"},
    {"type": "text", "text": 'Hi \u2028 \\ " there', "citations": None},
    {"type": "text", "text": "cited", "citations": [CITATION, CITATION]},
    {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls", "n": 1.10}, "caller": {}},
    {"type": "tool_use", "id": "t2", "name": "Now", "input": {}},
    {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}},
    {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
    {"type": "future_block", "input": "of another kind", "text": "stays"},
]


def message(*blocks: dict[str, Any], **changes: object) -> dict[str, Any]:
    usage = {"input_tokens": 7, "output_tokens": 3, "cache_read_input_tokens": 5}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": list(blocks),
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
        "future": {"kept": [1.0]},
        **changes,
    }


def play(said: dict[str, Any], *, indent: int | None = None) -> list[Frame]:
    return [*decode_whole(json.dumps(said, indent=indent).encode())]


def folded(frames: Sequence[Frame]) -> Any:
    collector = AnthropicCollector()
    for frame in frames:
        collector.feed(frame)
    return json.loads(collector.result())


@pytest.mark.parametrize("indent", [None, 2])
def test_folding_what_was_played_gives_the_message_again(indent: int | None) -> None:
    said = message(*BLOCKS, container={"id": "c", "expires_at": "later"}, context_management={"edits": []})
    assert folded(play(said, indent=indent)) == said


@given(
    texts=st.lists(st.text(min_size=1), max_size=3),
    given_input=st.dictionaries(st.text(), st.one_of(st.integers(-(2**53), 2**53), st.text(), st.none())),
)
def test_folding_what_was_played_gives_any_words_again(
    texts: list[str], given_input: dict[str, object]
) -> None:
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text} for text in texts]
    call: dict[str, Any] = {"type": "tool_use", "id": "t", "name": "n", "input": given_input}
    said = message(*blocks, call)
    assert folded(decode_whole(json.dumps(said, ensure_ascii=False).encode("utf-8", "replace"))) == said


def test_frames_are_what_their_bytes_say() -> None:
    frames = play(message(*BLOCKS), indent=4)
    assert Splitter().feed(b"".join(frame.raw for frame in frames)) == frames


def test_the_official_sdk_reads_every_frame() -> None:
    known = [block for block in BLOCKS if block["type"] != "future_block"]
    known[5] = {key: value for key, value in known[5].items() if key != "caller"}
    for frame in play(message(*known)):
        EVENTS.validate_python(json.loads(frame.data))


def test_what_comes_by_deltas_is_empty_in_its_opening() -> None:
    openings = [json.loads(frame.data)["content_block"] for frame in play(message(*BLOCKS))
                if frame.event == "content_block_start"]  # fmt: skip
    assert [block.get("text", "") for block in openings[:-1]] == [""] * (len(BLOCKS) - 1)
    assert [block["input"] for block in openings if block["type"].endswith("tool_use")] == [{}, {}, {}]
    assert [block["thinking"] for block in openings[:2]] == ["", ""]
    assert openings[-1] == BLOCKS[-1]


def test_the_decoder_reads_it_as_a_stream() -> None:
    decoder = AnthropicDecoder()
    frames = play(message({"type": "text", "text": "Hi"}, stop_reason="stop_sequence", stop_sequence="x"))
    events = [event for frame in frames for event in decoder.feed(frame)]
    assert e.TextDelta(0, "Hi") in events
    assert e.Finished("stop_sequence", "stop_sequence", "x") in events
    assert events[-1] == e.Ended()
    counted = [event.usage for event in events if isinstance(event, e.Counted)]
    assert (counted[-1].prompt, counted[-1].output) == (12, 3)


def test_a_message_without_a_reason_has_none_in_its_stream() -> None:
    decoder = AnthropicDecoder()
    events = [event for frame in play(message(stop_reason=None)) for event in decoder.feed(frame)]
    assert not any(isinstance(event, e.Finished) for event in events)


def test_a_surrogate_that_stands_alone_is_no_reason_to_lose_the_answer() -> None:
    body = json.dumps(message({"type": "text", "text": "half \ud83d of one"})).encode()
    assert "half \ufffd of one" in folded(decode_whole(body))["content"][0]["text"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"<html>",
        b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}',
        b'{"content":"words"}',
        b'{"content":[7]}',
        b'{"content":[{"text":"of no kind"}]}',
        b'{"content":[{"type":"text"}]}',
        b"[" * 100_000,
        msgspec.json.encode(message({"type": "text", "text": "cut"}))[:-2],
    ],
)
def test_what_is_no_message_gives_no_frames(body: bytes) -> None:
    assert decode_whole(body) == []
