"""A carrier says whose proof it holds, and only one of our own making holds at all."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.signatures.seal import Carried, Kind, Seal, is_carrier, model_hash
from peekd.vocabulary.conversation import Family

FAMILIES: tuple[Family, ...] = ("anthropic", "gemini", "openai")
WORDS = st.text(st.characters(codec="utf-8"))
CARRIED = st.builds(
    Carried,
    family=st.sampled_from(FAMILIES),
    model=WORDS.map(model_hash),
    kind=st.sampled_from(get_args(Kind)),
    proof=WORDS,
    text=WORDS,
)
SEAL = Seal(b"k" * 32)
WHOLE = SEAL.wrap(Carried("gemini", model_hash("gemini-3-pro"), "call", "c2ln"))


@given(CARRIED)
def test_what_is_wrapped_comes_back(carried: Carried) -> None:
    carrier = SEAL.wrap(carried)
    assert is_carrier(carrier)
    assert carrier.isascii()
    assert SEAL.unwrap(carrier) == carried


def test_a_carrier_tells_its_family_and_model_to_the_eye() -> None:
    assert WHOLE.split(".")[:3] == ["peekd1", "gemini", model_hash("gemini-3-pro")]


@given(st.integers(min_value=7, max_value=len(WHOLE) - 1), st.sampled_from("Ax.-"))
def test_one_letter_of_another_and_it_holds_nothing(place: int, letter: str) -> None:
    altered = WHOLE[:place] + letter + WHOLE[place + 1 :]
    assert altered == WHOLE or SEAL.unwrap(altered) is None


def test_another_installations_carrier_holds_nothing_but_is_seen_to_be_one() -> None:
    assert Seal(b"x" * 32).unwrap(WHOLE) is None
    assert is_carrier(WHOLE)


@pytest.mark.parametrize("text", ["", "EqQBCgIYAhIM", "peekd1", "peekd1.gemini.call.c2ln", "peekd1...."])
def test_anything_else_holds_nothing(text: str) -> None:
    assert SEAL.unwrap(text) is None
