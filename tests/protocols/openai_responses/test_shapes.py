"""What an upstream sends is read loosely: what is of another type is as good as missing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.openai_responses.shapes import Counts, Item, Part, Said, read_frame
from peekd.vocabulary.events import Source, Usage

KNOWN = frozenset({"known"})


def item(**said: Any) -> Item:
    return msgspec.convert(said, Item)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"name": "f"}, "f"),
        ({"name": "f", "namespace": "g"}, "g__f"),
        ({"namespace": "g"}, ""),
        ({"name": 7}, ""),
    ],
)
def test_a_call_is_named_with_its_namespace(said: dict[str, Any], name: str) -> None:
    assert item(**said).called == name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "b"}], [(0, "a"), (1, "b")]),
        ("a", [(0, "a")]),
        ([7, {"text": "a"}, {"text": 7}], [(1, "a"), (2, "")]),
        (7, []),
        (None, []),
    ],
)
def test_the_parts_of_an_item_keep_their_places(content: object, words: list[tuple[int, str]]) -> None:
    assert [(place, part.words) for place, part in item(content=content).parts("content")] == words


def test_what_a_search_looked_for_and_found_each_once() -> None:
    pages = [{"type": "url", "url": "u"}, {"url": "v", "title": "V"}, {"url": 7}, 7]
    searched = item(action={"query": "a", "queries": ["a", "b", 7], "sources": pages})
    assert (searched.queries, searched.sources) == (("a", "b"), (Source("u"), Source("v", "V")))
    for odd in (None, 7, {"queries": 7, "sources": 7, "query": 7}):
        assert (item(action=odd).queries, item(action=odd).sources) == ((), ())


def test_usage_is_told_as_far_as_it_was_reported() -> None:
    assert Counts(7, 5).usage == Usage(prompt=7, output=5)
    said = {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 4},
    }
    assert msgspec.convert(said, Counts).usage == Usage(7, 2, 1, 5, 4)


def test_a_piece_says_its_words_wherever_they_stand() -> None:
    assert [
        said.words for said in (Said(text="a"), Said(refusal="b"), Said(part=Part(text="c")), Said())
    ] == [
        "a",
        "b",
        "c",
        "",
    ]


def test_a_frame_of_a_new_kind_may_hold_anything() -> None:
    assert read_frame(b'{"type":"new","delta":{"x":1}}', KNOWN) == Said("new")
    assert read_frame(b'{"type":"known","delta":"x"}', KNOWN).delta == "x"


@pytest.mark.parametrize(
    "data", [b'{"type":"known","delta":7}', b'{"delta":7}', b"7", b"{", b"\xff", b"[" * 5000]
)
def test_what_cannot_be_read_raises(data: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        read_frame(data, KNOWN)
