"""Events as chunks of a completion, and folded into a whole one; OpenAI's own types judge both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

import msgspec
import pytest
from answers import answering
from openai.types import Completion

from peekd.protocols.openai_completions.collect import CompletionsCollector
from peekd.protocols.openai_completions.encode import CompletionsEncoder
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Beat,
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
    SearchBlock,
    SignatureDelta,
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

WORDS: tuple[Event, ...] = (
    Started(),
    Opened(0, TextBlock("He")),
    TextDelta(0, "llo"),
    TextDelta(0, ""),
    Closed(0),
    Counted(Usage(prompt=3)),
    Counted(Usage(output=2)),
    Finished("end"),
    Ended(),
)


def encode(events: Iterable[Event]) -> tuple[bytes, CompletionsEncoder]:
    encoder = CompletionsEncoder(answering("asked-model"))
    return b"".join(encoder.feed(event) for event in events) + encoder.close(), encoder


def chunks(said: bytes) -> list[Any]:
    """The chunks; each must be what OpenAI's SDK calls a completion."""
    frames = [frame.data for frame in Splitter().feed(said) if frame.data != b"[DONE]"]
    for chunk in (msgspec.json.decode(frame) for frame in frames):
        closed = [{**one, "finish_reason": one["finish_reason"] or "stop"} for one in chunk["choices"]]
        Completion.model_validate(chunk | {"choices": closed})
    return [msgspec.json.decode(frame) for frame in frames]


def test_words_a_reason_usage_and_the_last_frame() -> None:
    said, encoder = encode(WORDS)
    first, second, reason, usage = chunks(said)
    assert [one["choices"][0]["text"] for one in (first, second, reason)] == ["He", "llo", ""]
    assert [one["choices"][0]["finish_reason"] for one in (first, reason)] == [None, "stop"]
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 5)
    assert said.endswith(b"data: [DONE]\n\n")
    assert {(one["id"], one["model"], one["object"]) for one in (first, second, reason, usage)} == {
        ("cmpl-1", "asked-model", "text_completion")
    }
    assert encoder.dropped == set()


@pytest.mark.parametrize("reason", [one for one in get_args(StopReason) if one != "malformed"])
def test_every_good_end_has_a_reason_that_the_api_knows(reason: StopReason) -> None:
    said, _ = encode([Finished(reason)])
    (last,) = chunks(said)
    assert last["choices"][0]["finish_reason"] in {"stop", "length", "content_filter"}


def test_without_an_end_nothing_ends() -> None:
    assert encode([Started(), TextDelta(0, "a")])[0].count(b"data: ") == 1
    assert encode([Finished("malformed")])[0] == b""


def test_an_error_ends_it_without_a_last_frame() -> None:
    _, encoder = encode([Started(), TextDelta(0, "a")])
    (frame,) = Splitter().feed(encoder.fail(Fault("overloaded", "m"), "req_1"))
    assert msgspec.json.decode(frame.data)["error"]["message"] == "m"


def test_what_is_no_text_is_left_out_and_listed() -> None:
    unsaid: tuple[Event, ...] = (
        Opened(0, ThinkingBlock("hm")),
        ThinkingDelta(0, "so"),
        SignatureDelta(0, "sig"),
        Opened(1, RedactedBlock("x")),
        Opened(2, ToolCallBlock("c", "f")),
        ArgumentsDelta(2, "{}"),
        Opened(3, OtherBlock("code_execution")),
        OtherDelta(3, "citations"),
        Opened(4, SearchBlock("s")),
        DataInline(5, "image/png", "QUJD"),
        Beat(),
    )
    said, encoder = encode([*unsaid, TextDelta(6, "Hi"), Finished("tool_use")])
    assert [one["choices"][0]["text"] for one in chunks(said)] == ["Hi", ""]
    assert encoder.dropped == {
        "thinking", "redacted", "tool_call", "code_execution", "citations", "web search", "image/png",
    }  # fmt: skip


def test_a_stream_folds_to_the_whole_completion() -> None:
    collector = CompletionsCollector()
    for frame in Splitter().feed(encode(WORDS)[0]):
        collector.feed(frame)
    whole = Completion.model_validate_json(collector.result())
    (choice,) = whole.choices
    assert (choice.text, choice.finish_reason, choice.index) == ("Hello", "stop", 0)
    assert (whole.id, whole.model, whole.object) == ("cmpl-1", "asked-model", "text_completion")
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (3, 2)
