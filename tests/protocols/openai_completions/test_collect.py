"""Folding chunks of a completion."""

from __future__ import annotations

import msgspec
import pytest

from peekd.protocols.interface import Unfoldable
from peekd.protocols.openai_completions.collect import CompletionsCollector
from peekd.wire.sse import Frame


def test_a_stream_without_usage_folds_to_a_completion_without_it() -> None:
    collector = CompletionsCollector()
    said = {
        "id": "cmpl-1",
        "created": 7,
        "model": "m",
        "choices": [{"text": "Hi", "finish_reason": "length"}],
    }
    collector.feed(Frame(b"", "", msgspec.json.encode(said)))
    for data in (b"", b"[DONE]"):
        collector.feed(Frame(b"", "", data))
    choice = {"text": "Hi", "index": 0, "logprobs": None, "finish_reason": "length"}
    whole = msgspec.json.decode(collector.result())
    assert whole == said | {"object": "text_completion", "choices": [choice]}


@pytest.mark.parametrize("data", [b"<html>", b'{"error":{}}', b"[1]"])
def test_what_is_no_chunk_cannot_be_folded(data: bytes) -> None:
    with pytest.raises(Unfoldable):
        CompletionsCollector().feed(Frame(b"", "", data))
