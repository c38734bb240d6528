"""Advice fits outcomes, and what a record says itself goes first."""

from __future__ import annotations

import msgspec
import pytest

from peekd.healing.policy import POLICY
from peekd.records.advice import ADVICE, AFTER_END, advice
from peekd.records.entries import ENDED, RequestRecord


def test_the_records_own_advice_goes_first(failed_record: RequestRecord) -> None:
    assert advice(msgspec.structs.replace(failed_record, advice="wait an hour")) == "wait an hour"


def test_where_all_went_well_there_is_nothing_to_do(healed: RequestRecord) -> None:
    assert advice(healed) == ""


@pytest.mark.parametrize("outcome", sorted(ADVICE))
def test_each_advice_is_for_an_outcome_and_can_be_filled_in(
    outcome: str, failed_record: RequestRecord
) -> None:
    failed_record.attempts[0].outcome = outcome
    assert outcome in POLICY
    assert advice(failed_record)
    assert "{" not in advice(failed_record)


def test_a_healed_request_may_leave_something_for_a_person(healed: RequestRecord) -> None:
    healed.attempts[0].outcome = "unauthorized"
    assert advice(healed).startswith("renew the credential of alice@example.com")


def test_what_peekds_end_cut_is_no_bug_to_report(failed_record: RequestRecord) -> None:
    cut = msgspec.structs.replace(failed_record, outcome="internal", note=ENDED)
    assert advice(cut) == AFTER_END
