"""A request in a few sentences, from which someone who knows no code can tell what went on."""

from __future__ import annotations

from typing import get_args

import pytest
from tried import record_of

from peekd.records.entries import AttemptRecord
from peekd.records.telling import CAUSES, WITHOUT_ATTEMPT, action, cause
from peekd.vocabulary.decisions import Move
from peekd.vocabulary.outcomes import AnyOutcome, name_of

OUTCOMES = {name_of(outcome) for outcome in get_args(AnyOutcome)}
GOOD = {"accepted", "completed"}


def test_every_outcome_has_its_words() -> None:
    assert CAUSES.keys() | WITHOUT_ATTEMPT.keys() | GOOD == OUTCOMES


@pytest.mark.parametrize("outcome", sorted(CAUSES))
def test_words_can_be_filled_in_and_there_is_always_something_to_say(outcome: str) -> None:
    for record in (record_of(outcome, f"alice {outcome} give_up"), record_of(outcome)):
        told = (cause(record), action(record))
        assert all(told)
        assert not any("{" in words for words in told)


def test_each_cause_is_told_once_and_in_order() -> None:
    record = record_of("completed", "alice rate_limited rotate", "bob silent again", "bob silent rotate")
    record.attempts.append(AttemptRecord(4, "carol", "up", "m", 0.0, outcome="completed"))
    assert cause(record) == (
        "alice was asked too fast for up; up gave a 200 and then nothing of meaning in time"
    )
    assert action(record) == (
        "asked alice, then went on to bob, then asked bob again, then went on to carol, "
        "then passed the answer on"
    )


def test_where_nothing_was_wrong_there_is_no_cause() -> None:
    record = record_of("completed", "alice completed relay", status=200)
    assert cause(record) == ""


def test_a_note_explains_an_answer_that_is_odd() -> None:
    record = record_of("completed", "alice completed relay", note="blank_accepted")
    assert cause(record) == "the model twice ended its turn without a word, so that is its answer"


@pytest.mark.parametrize("move", get_args(Move))
def test_one_account_asked_twice_is_told_whatever_the_move(move: Move) -> None:
    record = record_of("completed", f"alice overloaded {move}", "alice completed relay")
    assert "alice" in action(record).split(", then ")[1]


def test_a_request_under_way_has_no_end() -> None:
    record = record_of("", "alice silent rotate", state="open")
    assert action(record) == "asked alice"


@pytest.mark.parametrize(
    ("outcome", "status", "words"),
    [
        ("client_gone", None, "closed the upstream and blamed nobody"),
        ("broken", 200, "ended the stream with an error, so that nobody takes it for whole"),
        ("silent", 503, "told the client 503"),
    ],
)
def test_how_it_ended_is_the_last_thing_told(outcome: str, status: int | None, words: str) -> None:
    record = record_of(outcome, f"alice {outcome} give_up", status=status)
    assert action(record) == f"asked alice, then {words}"


def test_who_was_turned_away_was_asked_for_at_no_upstream() -> None:
    record = record_of("rejected", status=400)
    assert cause(record) == "the request cannot be served as it is"
    assert action(record) == "asked no upstream, then told the client 400"
