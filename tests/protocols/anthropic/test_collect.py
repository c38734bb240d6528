"""Folding: nothing is lost, and what would be is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import anthropic.types
import pytest

from peekd.protocols.anthropic.collect import AnthropicCollector
from peekd.protocols.interface import BadArguments, Unfoldable
from peekd.wire.sse import Frame

Split = Callable[[Iterable[bytes]], list[Frame]]


def frame(said: object) -> Frame:
    data = json.dumps(said).encode()
    return Frame(b"data: " + data + b"\n\n", "", data)


def delta(**fields: object) -> Frame:
    return frame({"type": "content_block_delta", "index": 0, "delta": fields})


def opened(collector: AnthropicCollector, **block: object) -> AnthropicCollector:
    collector.feed(frame({"type": "content_block_start", "index": 0, "content_block": block}))
    return collector


def test_a_stream_folds_to_the_message_beside_it(folded: Path, split: Split) -> None:
    collector = AnthropicCollector()
    for one in split([(folded / "upstream.sse").read_bytes()]):
        collector.feed(one)
    message = json.loads(collector.result())
    assert message == json.loads((folded / "message.json").read_text())
    anthropic.types.Message.model_validate(message)


def test_an_event_of_an_unknown_kind_cannot_be_folded() -> None:
    with pytest.raises(Unfoldable, match="weather_report"):
        AnthropicCollector().feed(frame({"type": "weather_report"}))


@pytest.mark.parametrize(
    "said",
    [
        {"type": {"a": 1}},
        {"type": None},
        {"type": "message_start", "message": {"content": None}},
        {"type": "message_start", "message": {"content": ["words"]}},
    ],
)
def test_what_is_of_no_shape_that_the_api_has_cannot_be_folded(said: object) -> None:
    with pytest.raises(Unfoldable):
        AnthropicCollector().feed(frame(said))


def test_a_delta_of_an_unknown_kind_cannot_be_folded() -> None:
    with pytest.raises(Unfoldable, match="hologram_delta"):
        opened(AnthropicCollector(), type="hologram").feed(delta(type="hologram_delta"))


def test_a_delta_of_a_block_that_never_began_cannot_be_folded() -> None:
    with pytest.raises(Unfoldable, match="never began"):
        AnthropicCollector().feed(delta(type="text_delta", text="x"))


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b'{"type":"message_delta","delta":3}',
        b'{"type":"content_block_stop","index":"x"}',
        b'{"type":"message_start"}',
    ],
)
def test_a_frame_of_another_shape_cannot_be_folded(data: bytes) -> None:
    with pytest.raises(Unfoldable):
        AnthropicCollector().feed(Frame(data, "", data))


@pytest.mark.parametrize("text", ['{"a":', "[1]", '"x"', "{} {}"])
def test_a_tools_input_that_is_no_object_is_no_answer(text: str) -> None:
    collector = opened(AnthropicCollector(), type="tool_use", id="t", name="n", input={})
    collector.feed(delta(type="input_json_delta", partial_json=text))
    collector.feed(frame({"type": "content_block_stop", "index": 0}))
    with pytest.raises(BadArguments):
        collector.feed(frame({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}))


@pytest.mark.parametrize("reason", ["max_tokens", "model_context_window_exceeded", "refusal"])
def test_half_a_call_at_which_the_model_was_stopped_cannot_be_folded(reason: str) -> None:
    collector = opened(AnthropicCollector(), type="tool_use", id="t", name="n", input={})
    collector.feed(delta(type="input_json_delta", partial_json='{"a":'))
    collector.feed(frame({"type": "content_block_stop", "index": 0}))
    with pytest.raises(Unfoldable, match="half a call"):
        collector.feed(frame({"type": "message_delta", "delta": {"stop_reason": reason}}))


def test_a_call_that_never_ended_is_left_out() -> None:
    collector = opened(AnthropicCollector(), type="tool_use", id="t", name="n", input={})
    collector.feed(delta(type="input_json_delta", partial_json='{"a":'))
    collector.feed(frame({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}}))
    message = json.loads(collector.result())
    assert (message["content"], message["stop_reason"]) == ([], "max_tokens")


def test_a_tools_input_keeps_its_figures_as_written(split: Split) -> None:
    text = '{"n": 1.10, "big": 123456789012345678901234567890}'
    collector = opened(AnthropicCollector(), type="tool_use", id="t", name="n", input={})
    collector.feed(delta(type="input_json_delta", partial_json=text))
    collector.feed(frame({"type": "content_block_stop", "index": 0}))
    assert text.encode() in collector.result()


def test_text_that_stands_in_the_opening_frame_is_kept() -> None:
    collector = opened(AnthropicCollector(), type="text", text="Hel")
    collector.feed(delta(type="text_delta", text="lo", mood="good"))
    block: dict[str, Any] = json.loads(collector.result())["content"][0]
    assert block == {"type": "text", "text": "Hello", "mood": "good"}


def test_pings_comments_and_errors_fold_to_nothing() -> None:
    collector = AnthropicCollector()
    collector.feed(Frame(b": x\n\n"))
    collector.feed(frame({"type": "ping"}))
    collector.feed(frame({"type": "error", "error": {}}))
    assert json.loads(collector.result())["content"] == []
