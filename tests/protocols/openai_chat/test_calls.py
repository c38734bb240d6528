"""Pieces of calls find their call, and no piece counts twice."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.openai_chat.calls import Extra, Function, Google, Piece, Slots

OBJECTS = st.dictionaries(
    st.text(max_size=5),
    st.recursive(st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)),
    max_size=4,
)


def piece(arguments: str, *, index: int | None = 0, id_: str | None = None, name: str | None = None) -> Piece:
    return Piece(index, id_, Function(name, msgspec.Raw(msgspec.json.encode(arguments))))


@given(OBJECTS, st.integers(min_value=2, max_value=9))
def test_pieces_that_join_and_pieces_that_repeat_all_so_far_give_the_same(said: object, size: int) -> None:
    whole = msgspec.json.encode(said).decode()
    parts = [whole[start : start + size] for start in range(0, len(whole), size)]
    joining, repeating = Slots(), Slots()
    for number, part in enumerate(parts):
        joining.take(piece(part, name="f" if not number else None))
        so_far = "".join(parts[: number + 1])
        repeating.take(piece(so_far, name="f" if not number else None))
    assert repeating.all[0].arguments == whole
    assert joining.all[0].arguments == whole or whole.startswith(parts[0] * 2)


def test_what_follows_a_whole_object_is_a_repetition() -> None:
    slots = Slots()
    assert slots.take(piece("{}", id_="a", name="f"))[2] == "{}"
    assert slots.take(piece("{}", id_="a", name="f"))[2] == ""
    assert slots.all[0].whole


def test_another_id_with_a_name_begins_another_call_under_the_same_index() -> None:
    slots = Slots()
    slots.take(piece("{}", id_="a", name="f"))
    slot, begins, _ = slots.take(piece("{}", id_="b", name="f"))
    assert (slot.number, begins) == (1, True)


def test_another_id_without_a_name_goes_on_with_the_call_of_its_index() -> None:
    slots = Slots()
    slots.take(piece("{", id_="a", name="f"))
    slot, begins, fragment = slots.take(piece("}", id_="b"))
    assert (slot.number, begins, fragment) == (0, False, "}")


def test_a_piece_without_index_and_id_goes_on_with_the_last_call() -> None:
    slots = Slots()
    slots.take(piece("{", index=None, id_="a", name="f"))
    slot, begins, _ = slots.take(piece("}", index=None))
    assert (slot.arguments, begins) == ("{}", False)


@pytest.mark.parametrize("given_", [b"", b"null", b'""'])
def test_no_arguments_are_no_words(given_: bytes) -> None:
    slot, begins, fragment = Slots().take(Piece(0, "a", Function("f", msgspec.Raw(given_))))
    assert (slot.arguments, begins, fragment) == ("", True, "")


def test_a_signature_is_found_where_google_has_it() -> None:
    assert Piece(extra_content=Extra(Google("c2ln"))).signature == "c2ln"
    assert Piece().signature == ""
