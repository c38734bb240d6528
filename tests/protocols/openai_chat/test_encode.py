"""Every answer becomes chunks that OpenAI's own types read: one id, one role, one end."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from answers import answering
from openai.types.chat import ChatCompletionChunk

from peekd.protocols.halves import Halves
from peekd.protocols.interface import BadArguments
from peekd.protocols.openai_chat.decode import ChatDecoder
from peekd.protocols.openai_chat.encode import LAST_FRAME, ChatEncoder
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Closed,
    Counted,
    DataInline,
    Ended,
    Event,
    Finished,
    Opened,
    OtherBlock,
    OtherDelta,
    RedactedBlock,
    Started,
    StopReason,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
    Usage,
)
from peekd.wire.sse import Splitter

_ROOT = Path(__file__).parents[2] / "transcripts"
EVENTS = sorted(path for path in _ROOT.glob("*/*/events.json") if path.parts[-3] != "corpus")


def encoder(*, thoughts: bool = True) -> ChatEncoder:
    return ChatEncoder(answering("gpt-x", thoughts=thoughts))


def encoded(events: list[Event], *, thoughts: bool = True) -> bytes:
    opened = encoder(thoughts=thoughts)
    return b"".join(opened.feed(event) for event in Halves().feed(events)) + opened.close()


def chunks(stream: bytes) -> list[ChatCompletionChunk]:
    datas = [frame.data for frame in Splitter().feed(stream) if frame.data != b"[DONE]"]
    return [ChatCompletionChunk.model_validate_json(data) for data in datas]


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def test_every_protocols_transcripts_are_told_in_chunks(path: Path) -> None:
    events = msgspec.json.decode(path.read_bytes(), type=list[Event])
    stream = encoded(events)
    told = chunks(stream)
    assert {chunk.id for chunk in told} <= {"chatcmpl-1"}
    roles = [choice.delta.role for chunk in told for choice in chunk.choices if choice.delta.role]
    assert roles in ([], ["assistant"])
    ends = [choice.finish_reason for chunk in told for choice in chunk.choices if choice.finish_reason]
    well = any(isinstance(e, Finished) and e.reason != "malformed" for e in events)
    assert len(ends) == well
    assert stream.endswith(LAST_FRAME) == well
    text = "".join(choice.delta.content or "" for chunk in told for choice in chunk.choices)
    assert text == "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.parametrize("path", sorted((_ROOT / "openai_chat").iterdir()), ids=lambda path: path.name)
def test_what_is_encoded_is_decoded_to_the_same(path: Path) -> None:
    events = msgspec.json.decode((path / "events.json").read_bytes(), type=list[Event])
    if not any(isinstance(event, Finished) for event in events):
        return
    decoder = ChatDecoder()
    again = [event for frame in Splitter().feed(encoded(events)) for event in decoder.feed(frame)]
    kinds = (TextDelta, ThinkingDelta)
    assert [e for e in again if isinstance(e, kinds)] == [e for e in events if isinstance(e, kinds)]
    assert [e.reason for e in again if isinstance(e, Finished)] == [
        e.reason for e in events if isinstance(e, Finished)
    ]
    calls = [e.block for e in events if isinstance(e, Opened) and isinstance(e.block, ToolCallBlock)]
    told = [e.block for e in again if isinstance(e, Opened) and isinstance(e.block, ToolCallBlock)]
    assert [(call.name, call.signature) for call in told] == [(call.name, call.signature) for call in calls]


def test_parallel_calls_have_an_index_each_and_id_and_name_once() -> None:
    events: list[Event] = [Started()]
    for index in (0, 1):
        events += [
            Opened(index, ToolCallBlock("same", "f")),
            ArgumentsDelta(index, "{"),
            ArgumentsDelta(index, "}"),
            Closed(index),
        ]
    calls = [
        call
        for chunk in chunks(encoded([*events, Finished("end")]))
        for choice in chunk.choices
        for call in choice.delta.tool_calls or ()
    ]
    assert [call.index for call in calls] == [0, 0, 0, 1, 1, 1]
    ids = [call.id for call in calls if call.id]
    assert len(ids) == len(set(ids)) == 2
    assert [call.function.name for call in calls if call.function and call.function.name] == ["f", "f"]


def test_an_answer_with_calls_ends_for_them_and_empty_arguments_are_an_object() -> None:
    events: list[Event] = [Opened(0, ToolCallBlock("a", "f")), Closed(0), Finished("end")]
    told = chunks(encoded(events))
    assert told[-1].choices[0].finish_reason == "tool_calls"
    calls = [call for chunk in told for call in chunk.choices[0].delta.tool_calls or ()]
    assert "".join(call.function.arguments or "" for call in calls if call.function) == "{}"


def test_arguments_that_are_no_object_are_told_before_an_end() -> None:
    opened = encoder()
    opened.feed(Opened(0, ToolCallBlock("a", "f")))
    opened.feed(ArgumentsDelta(0, '{"a"'))
    with pytest.raises(BadArguments):
        opened.feed(Closed(0))


REASONS: list[tuple[StopReason, str]] = [
    ("end", "stop"),
    ("stop_sequence", "stop"),
    ("pause", "stop"),
    ("other", "stop"),
    ("max_tokens", "length"),
    ("context_exceeded", "length"),
    ("refusal", "content_filter"),
    ("tool_use", "tool_calls"),
]


@pytest.mark.parametrize(("reason", "told"), REASONS)
def test_every_reason_has_its_word(reason: StopReason, told: str) -> None:
    assert chunks(encoded([Started(), Finished(reason)]))[-1].choices[0].finish_reason == told


def test_a_malformed_end_is_none() -> None:
    assert encoder().close() == b""
    assert LAST_FRAME not in encoded([Started(), Finished("malformed")])


def test_usage_comes_last_once_and_only_where_it_was_counted() -> None:
    counted: list[Event] = [
        Started(),
        Counted(Usage(prompt=9, cached=4)),
        Finished("end"),
        Counted(Usage(output=5, thoughts=2)),
        Ended(),
    ]
    told = chunks(encoded(counted))
    usage = told[-1].usage
    assert (told[-1].choices, usage is not None) == ([], True)
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (9, 5, 14)
    assert usage.prompt_tokens_details is not None
    assert usage.completion_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 4
    assert usage.completion_tokens_details.reasoning_tokens == 2
    assert all(chunk.usage is None for chunk in chunks(encoded([Started(), Finished("end")])))


def test_thoughts_are_shown_only_where_they_may_be() -> None:
    events: list[Event] = [Opened(0, ThinkingBlock("Hm")), ThinkingDelta(0, "."), Closed(0), Finished("end")]
    assert b"reasoning_content" in encoded(events)
    assert b"reasoning_content" not in encoded(events, thoughts=False)


def test_what_has_no_place_is_named() -> None:
    opened = encoder()
    for event in (
        Opened(0, TextBlock("Hi")),
        Opened(1, OtherBlock("server_tool_use")),
        Opened(2, RedactedBlock("x")),
        DataInline(3, "image/png", "AAAA"),
        OtherDelta(4, "citations_delta"),
    ):
        opened.feed(event)
    assert opened.dropped == {"server_tool_use", "redacted", "image/png", "citations_delta"}


def test_no_words_and_no_name_of_a_model_are_taken_for_a_place_in_the_chunk() -> None:
    opened = ChatEncoder(answering("100%b %d\n", thoughts=True))
    said = ("50 % of %b\n", "%", "\x00")
    deltas = [delta(0, text) for text in said for delta in (TextDelta, ThinkingDelta)]
    told = chunks(b"".join(map(opened.feed, [Started(), *deltas])))
    assert {chunk.model for chunk in told} == {"100%b %d\n"}
    assert [chunk.choices[0].delta.content for chunk in told[1::2]] == [*said]
    assert [chunk.model_dump()["choices"][0]["delta"]["reasoning_content"] for chunk in told[2::2]] == [*said]
