"""The local count of tokens: sound orders of size, never zero, never less for more."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.estimate import estimate_prompt
from peekd.vocabulary.conversation import (
    Conversation,
    Media,
    Part,
    RedactedThinking,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)


def estimate(*parts: Part) -> int:
    return estimate_prompt(Conversation("m", (Turn("user", parts),)))


def png(width: int, height: int) -> str:
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return base64.b64encode(head + bytes(40)).decode()


def jpeg(width: int, height: int) -> str:
    exif = b"\xff\xe1" + struct.pack(">H", 502) + bytes(500)
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes(9)
    return base64.b64encode(b"\xff\xd8" + exif + frame).decode()


def test_nothing_is_still_one_token() -> None:
    assert estimate_prompt(Conversation("m", ())) == 1


def test_english_is_about_a_token_for_three_to_five_characters() -> None:
    prose = (
        "The daemon waits until the first words of an answer have come, and only then lets them pass. " * 20
    )
    assert len(prose) / 5 < estimate(Text(prose)) < len(prose) / 3


@pytest.mark.parametrize(
    ("words", "least", "most"), [("你好世界" * 50, 180, 260), ("é" * 200, 100, 160), ("🌍" * 100, 120, 220)]
)
def test_other_scripts_are_heavier(words: str, least: int, most: int) -> None:
    assert least < estimate(Text(words)) < most


@pytest.mark.parametrize(
    "part",
    [
        Text("words"),
        Thinking("words"),
        RedactedThinking("d29yZHM="),
        ToolCall("c", "f", {"a": 1}),
        ToolResult("c", (Text("words"),)),
        Media("image/png", png(400, 400)),
        Media("application/pdf", "QUJD"),
        Media("text/plain", "QUJD" * 9),
        Media("image/png", url="https://a.example/b.png"),
    ],
)
def test_every_kind_of_part_counts(part: Part) -> None:
    assert estimate(part) > estimate()


def test_system_tools_and_output_schema_count() -> None:
    bare = Conversation("m", ())
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    for more in (
        Conversation("m", (), system=("be brief",)),
        Conversation("m", (), tools=(Tool("f", "does f", schema),)),
        Conversation("m", (), output_schema=schema),
    ):
        assert estimate_prompt(more) > estimate_prompt(bare)


@pytest.mark.parametrize("picture", [png, jpeg])
def test_a_picture_counts_by_its_area_up_to_a_limit(picture: Callable[[int, int], str]) -> None:
    small, large, huge = (Media("image/x", picture(side, side)) for side in (300, 900, 9_000))
    assert estimate(small) - estimate() == 120
    assert estimate(large) - estimate() == 1_080
    assert estimate(huge) - estimate() == 1_600


@pytest.mark.parametrize(
    "data",
    ["", "R0lGODdh", "!!!", "é", "/9j/", base64.b64encode(b"\xff\xd8\xff\xe1\x00\x00").decode(), png(0, 0)],
)
def test_a_picture_that_cannot_be_read_counts_like_a_large_one(data: str) -> None:
    assert estimate(Media("image/gif", data)) - estimate() == 1_500


def test_a_document_counts_at_least_a_page_and_grows() -> None:
    short, long = (Media("application/pdf", "QUJD" * size) for size in (10, 100_000))
    assert estimate(short) - estimate() == 1_500
    assert estimate(long) > 10_000


_TEXTS = st.text(max_size=30).map(Text)
_PARTS = st.one_of(
    _TEXTS,
    st.text(max_size=30).map(Thinking),
    st.builds(
        Media, st.sampled_from(["image/png", "text/plain", "application/pdf"]), st.text("ABCD", max_size=40)
    ),
    st.builds(
        ToolCall, st.just("c"), st.text(max_size=5), st.dictionaries(st.text(max_size=3), st.integers(0, 9))
    ),
    st.builds(ToolResult, st.just("c"), st.lists(_TEXTS, max_size=2).map(tuple)),
)


@given(st.lists(_PARTS, max_size=5), _PARTS, st.integers(0, 5))
def test_more_never_counts_less(parts: list[Part], more: Part, place: int) -> None:
    assert estimate(*parts[:place], more, *parts[place:]) >= estimate(*parts)


@given(st.text(max_size=60), st.text(max_size=10))
def test_longer_words_never_count_less(words: str, more: str) -> None:
    assert estimate(Text(words + more)) >= estimate(Text(words))
