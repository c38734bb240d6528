"""A folded stream is the answer that an unstreamed request gets, read by OpenAI's own types."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openai.types.chat import ChatCompletion

from peekd.protocols.interface import Unfoldable
from peekd.protocols.openai_chat.collect import ChatCollector
from peekd.protocols.openai_chat.whole import decode_whole
from peekd.vocabulary.events import Event, Finished, TextDelta, ThinkingDelta
from peekd.wire.sse import Frame, Splitter

Decode = Callable[[Iterable[bytes]], list[Event]]


ODD = {"content_parts", "legacy_function_call"}
"""Answers that OpenAI's types do not know, or that are asked for unstreamed instead of being folded."""


def folded(stream: bytes) -> bytes:
    collector = ChatCollector()
    for frame in Splitter().feed(stream):
        collector.feed(frame)
    return collector.result()


def test_whole_answers_fold_to_what_the_sdk_reads_without_losing_a_word(
    transcript: Path, decode: Decode
) -> None:
    stream = (transcript / "upstream.sse").read_bytes()
    events = decode([stream])
    if not any(isinstance(event, Finished) for event in events) or transcript.name in ODD:
        return
    body = folded(stream)
    answer = ChatCompletion.model_validate_json(body)
    (choice,) = answer.choices
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    late = "late" if transcript.name == "repeated_finish" else ""
    assert (choice.message.content or "") + (choice.message.refusal or "") == text + late
    thoughts = "".join(event.text for event in events if isinstance(event, ThinkingDelta))
    message: dict[str, Any] = msgspec.json.decode(body)["choices"][0]["message"]
    assert message.get("reasoning_content", message.get("reasoning", "")) == thoughts
    for call in message.get("tool_calls", []):
        if choice.finish_reason != "length":  # what the model was stopped in stays as it is
            msgspec.json.decode(call["function"]["arguments"] or "{}", type=dict[str, object])


@pytest.mark.parametrize("name", ["text", "parallel_tools", "reasoning_content", "length", "unicode"])
def test_unfolding_and_folding_again_gives_the_same(name: str) -> None:
    stream = Path(__file__).parents[2] / "transcripts" / "openai_chat" / name / "upstream.sse"
    body = folded(stream.read_bytes())
    again = ChatCollector()
    for frame in decode_whole(body):
        again.feed(frame)
    assert msgspec.json.decode(again.result()) == msgspec.json.decode(body)


def test_log_probabilities_join() -> None:
    collector = ChatCollector()
    for token in ("a", "b"):
        choice = {"index": 0, "delta": {"content": token}, "logprobs": {"content": [{"token": token}]}}
        data = msgspec.json.encode({"choices": [choice]})
        collector.feed(Frame(b"", "", data))
    choice = msgspec.json.decode(collector.result())["choices"][0]
    assert [one["token"] for one in choice["logprobs"]["content"]] == ["a", "b"]


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b'{"choices":[{"index":1,"delta":{}}]}',
        b'{"choices":[{"index":0,"delta":{"tool_calls":[7]}}]}',
    ],
)
def test_what_cannot_be_folded_is_refused(data: bytes) -> None:
    with pytest.raises(Unfoldable):
        ChatCollector().feed(Frame(b"", "", data))


def test_an_unknown_delta_that_changes_is_refused_and_one_that_stays_is_kept() -> None:
    collector = ChatCollector()
    collector.feed(Frame(b"", "", b'{"choices":[{"delta":{"audio":{"id":1}}}]}'))
    collector.feed(Frame(b"", "", b'{"choices":[{"delta":{"audio":{"id":1}}}]}'))
    assert b'"audio":{"id":1}' in collector.result()
    with pytest.raises(Unfoldable, match="audio"):
        collector.feed(Frame(b"", "", b'{"choices":[{"delta":{"audio":{"id":2}}}]}'))
