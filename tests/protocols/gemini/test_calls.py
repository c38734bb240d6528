"""Ids for calls that have none, and the call that a response belongs to."""

from __future__ import annotations

from itertools import starmap

from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.gemini.calls import CallIds

CALLS = st.lists(st.tuples(st.sampled_from(["", "a", "b", "call_1"]), st.sampled_from(["f", "g"])))


@given(CALLS)
def test_every_call_has_an_id_of_its_own_that_a_longer_story_does_not_change(
    calls: list[tuple[str, str]],
) -> None:
    whole, part = CallIds(), CallIds()
    given_ids = list(starmap(whole.of_call, calls))
    assert len(set(given_ids)) == len(calls)
    half = calls[: len(calls) // 2]
    assert list(starmap(part.of_call, half)) == given_ids[: len(half)]


@given(CALLS)
def test_responses_in_order_answer_each_call_once(calls: list[tuple[str, str]]) -> None:
    ids = CallIds()
    made = list(starmap(ids.of_call, calls))
    unique = [given for given, _ in calls if given]
    if len(unique) == len(set(unique)):
        assert list(starmap(ids.of_response, calls)) == made


def test_a_response_is_found_by_id_before_its_turn_and_by_name_without_one() -> None:
    ids = CallIds()
    assert [ids.of_call("", "f"), ids.of_call("x", "g"), ids.of_call("", "f")] == ["call_1", "x", "call_2"]
    assert [ids.of_response("x", "g"), ids.of_response("", "f"), ids.of_response("new", "f")] == [
        "x",
        "call_1",
        "call_2",
    ]


def test_a_response_to_no_call_keeps_its_id_or_gets_one() -> None:
    ids = CallIds()
    assert ids.of_response("lost", "f") == "lost"
    assert ids.of_response("", "f") == "call_1"
