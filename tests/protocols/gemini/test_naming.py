"""Both spellings are read, at one level only."""

from __future__ import annotations

import pytest

from peekd.protocols.fields import Place
from peekd.protocols.gemini.naming import is_object, listed, opened
from peekd.vocabulary.errors import ClientError


def test_names_are_read_in_both_spellings_and_values_are_left_alone() -> None:
    fields = opened(Place({"function_call": {"my_arg": 1}, "mimeType": "a"}, "", "", {}))
    assert fields.object("functionCall") == {"my_arg": 1}
    assert fields.string("mimeType") == "a"


def test_one_object_is_as_good_as_a_list_of_one() -> None:
    assert [one.value for one in listed(Place({"a": 1}, "", "", {}))] == [{"a": 1}]
    assert [one.value for one in listed(Place([1, 2], "", "", {}))] == [1, 2]
    assert listed(None) == []


def test_what_is_no_object_is_told_by_its_place() -> None:
    assert not is_object([])
    with pytest.raises(ClientError, match="tools: expected an object"):
        opened(Place(3, "tools", "tools", {}))
    with pytest.raises(ClientError, match="tools: expected an array"):
        listed(Place(3, "tools", "tools", {}))
