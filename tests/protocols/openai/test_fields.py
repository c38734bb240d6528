"""Fields that mean the same in several of OpenAI's languages."""

from __future__ import annotations

import pytest

from peekd.protocols.fields import Dropped, Fields, Place
from peekd.protocols.openai.fields import decode_stop, refuse_choices, wants_usage
from peekd.vocabulary.errors import ClientError


def fields(**said: object) -> Fields:
    return Place(said, "", "", {}).fields()


@pytest.mark.parametrize("number", [0, 2, 10])
def test_any_number_of_answers_but_one_is_refused(number: int) -> None:
    with pytest.raises(ClientError, match="n: "):
        refuse_choices(fields(n=number))
    refuse_choices(fields(n=1))
    refuse_choices(fields())


@pytest.mark.parametrize(("stop", "read"), [(None, ()), ("a", ("a",)), (["a", "b"], ("a", "b")), ([], ())])
def test_stop_sequences_are_one_or_many(stop: object, read: tuple[str, ...]) -> None:
    assert decode_stop(fields(stop=stop)) == read


def test_a_stop_sequence_that_is_none_is_told_by_its_place() -> None:
    with pytest.raises(ClientError, match=r"stop\.1: expected a string"):
        decode_stop(fields(stop=["a", 7]))


def test_usage_is_wanted_only_where_it_is_asked_for_and_other_options_are_listed() -> None:
    assert not wants_usage(fields())
    assert not wants_usage(fields(stream_options={"include_usage": False}))
    dropped: Dropped = {}
    said = Place({"stream_options": {"include_usage": True, "new": 1}}, "", "", dropped).fields()
    assert wants_usage(said)
    assert list(dropped) == ["stream_options.new"]
