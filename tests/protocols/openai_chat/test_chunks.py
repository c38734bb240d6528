"""Loose shapes are read as what they mean."""

from __future__ import annotations

import pytest

from peekd.protocols.openai_chat.calls import Function
from peekd.protocols.openai_chat.chunks import CachedDetails, Counts, Delta, OutputDetails, words_of
from peekd.vocabulary.events import Usage


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Hi", "Hi"),
        ([{"type": "text", "text": "H"}, {"type": "thinking"}, {"type": "text", "text": "i"}], "Hi"),
        ([{"type": "text"}, 7], ""),
        (None, ""),
        (7, ""),
    ],
)
def test_words_are_a_string_or_parts(value: object, words: str) -> None:
    assert words_of(value) == words


def test_thoughts_have_two_names_and_count_once() -> None:
    assert Delta(reasoning_content="a", reasoning="a").thoughts == "a"
    assert Delta(reasoning="b").thoughts == "b"


def test_an_empty_delta_says_nothing() -> None:
    assert not Delta(content="", reasoning_content="").says
    assert Delta(refusal="No").says
    assert Delta(function_call=Function("f")).says


def test_usage_keeps_what_was_not_told_apart_from_nought() -> None:
    assert Counts(7, 3).usage == Usage(prompt=7, output=3)
    detailed = Counts(7, 3, CachedDetails(4), OutputDetails(2)).usage
    assert detailed == Usage(prompt=7, cached=4, output=3, thoughts=2)
