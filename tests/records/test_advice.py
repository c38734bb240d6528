from __future__ import annotations

import pytest

from peekd.healing.policy import POLICY
from peekd.records.advice import ADVICE, advice
from peekd.records.entries import AttemptRecord, RequestRecord


def record_of(outcome: str, *, advised: str = "") -> RequestRecord:
    record = RequestRecord("a", 0.0, "POST", "/v1/messages", "anthropic", state="done", outcome=outcome)
    record.attempts.append(AttemptRecord(1, "alice", "google", "gemini-3-pro", 0.0, outcome=outcome))
    record.advice = advised
    return record


def test_the_records_own_advice_goes_first() -> None:
    assert advice(record_of("unauthorized", advised="wait an hour")) == "wait an hour"


def test_where_all_went_well_there_is_nothing_to_do() -> None:
    assert advice(record_of("completed")) == ""


def test_without_an_attempt_there_is_none() -> None:
    record = record_of("rejected")
    record.attempts.clear()
    assert advice(record) == ""


@pytest.mark.parametrize("outcome", sorted(ADVICE))
def test_each_advice_is_for_an_outcome_and_can_be_filled_in(outcome: str) -> None:
    assert outcome in POLICY
    assert advice(record_of(outcome))
    assert "{" not in advice(record_of(outcome))
