"""Which chunks hold nothing but words; that they are read alike is the stream's test."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.gemini.chunks import Plain


def candidate(**fields: Any) -> dict[str, Any]:
    return {"content": {"parts": [{"text": "a"}, {"text": "b", "thought": True}]}, **fields}


@pytest.mark.parametrize(
    ("chunk", "more"),
    [
        ({"candidates": [candidate(index=0, finishReason=None)], "modelVersion": "gemini"}, False),
        ({"candidates": [candidate()], "usageMetadata": {"promptTokenCount": 1}}, False),
        ({"candidates": [candidate(finishReason="STOP")]}, True),
        ({"candidates": [candidate(groundingMetadata={})]}, True),
        ({"candidates": [candidate(), candidate()]}, True),
        ({"candidates": []}, True),
        ({"candidates": [candidate()], "error": None}, True),
        ({"candidates": [candidate()], "response": {}}, True),
    ],
)
def test_what_holds_more_than_words_says_so(chunk: dict[str, Any], *, more: bool) -> None:
    assert msgspec.json.decode(msgspec.json.encode(chunk), type=Plain).more is more


@pytest.mark.parametrize("part", [{"text": "a", "thoughtSignature": "c2ln"}, {"functionCall": {}}, {}])
def test_a_part_of_another_kind_is_not_of_this_shape(part: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"candidates": [{"content": {"parts": [part]}}]}, Plain)
