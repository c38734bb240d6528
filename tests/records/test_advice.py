"""What a person can do: said for every outcome, and "nothing" where there is nothing to do."""

from __future__ import annotations

from typing import get_args

import pytest
from tried import record_of

from peekd.records.advice import A_PERSONS, ADVICE, AFTER_END, BLANK_ACCEPTED, advice
from peekd.records.entries import ENDED
from peekd.vocabulary.outcomes import AnyOutcome, name_of

OUTCOMES = {name_of(outcome) for outcome in get_args(AnyOutcome)}
UNMENDED = {"accepted", "completed", "superseded", "client_gone"}


def test_every_failure_has_its_advice() -> None:
    assert ADVICE.keys() | UNMENDED == OUTCOMES
    assert ADVICE.keys() >= A_PERSONS


@pytest.mark.parametrize("outcome", sorted(ADVICE))
def test_it_can_be_filled_in_with_and_without_an_attempt(outcome: str) -> None:
    for record in (record_of(outcome, f"alice {outcome} give_up"), record_of(outcome)):
        assert advice(record)
        assert "{" not in advice(record)


def test_what_is_healed_and_comes_again_until_a_person_acts_is_told_with_the_act() -> None:
    record = record_of("completed", "alice unauthorized rotate", "bob completed relay")
    assert advice(record).startswith(
        "nothing: peekd healed it. It will come again, so renew the credential of alice"
    )


def test_where_it_failed_the_records_own_advice_goes_first_and_persons_acts_are_added() -> None:
    limited = record_of("rate_limited", "alice rate_limited rotate", "bob unauthorized rotate", advice="wait")
    assert advice(limited).startswith("wait; renew the credential of bob")
    assert advice(record_of("silent", "alice silent give_up")).startswith("raise healing.peek_seconds for up")


def test_where_nothing_was_wrong_nothing_is_to_be_done() -> None:
    assert (
        advice(record_of("completed", "alice completed relay", status=200)) == "nothing: the answer is whole"
    )
    healed = record_of("completed", "alice silent rotate", "bob completed relay", status=200)
    assert advice(healed) == "nothing: peekd healed it"


def test_a_model_that_twice_had_nothing_to_say_wants_to_be_told_more() -> None:
    record = record_of("completed", "alice blank again", "alice completed relay", note=BLANK_ACCEPTED)
    assert advice(record).startswith("say more in the prompt")


def test_of_a_client_that_left_nothing_is_asked_but_what_its_accounts_need() -> None:
    assert advice(record_of("client_gone", "alice silent again")).startswith(
        "nothing where a person stopped it"
    )
    told = advice(record_of("client_gone", "alice unauthorized rotate"))
    assert told.endswith("renew the credential of alice; `peekd check` shows where it is read from")


def test_while_it_is_under_way_there_is_none() -> None:
    assert advice(record_of("", "alice silent rotate", state="open")) == ""


def test_who_was_turned_away_is_told_to_mend_the_request() -> None:
    assert advice(record_of("rejected", status=400)) == "change the request as the message says"


def test_what_peekds_end_cut_is_no_bug_to_report() -> None:
    assert advice(record_of("internal", "alice internal give_up", note=ENDED)) == AFTER_END
