"""What a record says of itself."""

from __future__ import annotations

import pytest
from requests_told import attempt, request

from peekd.records.entries import RequestRecord


@pytest.mark.parametrize(
    ("record", "failed", "healed"),
    [
        (request(), False, False),
        (request("a", attempt(1, outcome="silent"), attempt(2)), False, True),
        (request("a", attempt(outcome="broken"), outcome="broken"), True, False),
        (request("a", outcome="client_gone"), False, False),
        (request("a", state="open", outcome=""), False, False),
    ],
)
def test_failed_is_who_got_no_whole_answer_and_did_not_leave(
    record: RequestRecord, *, failed: bool, healed: bool
) -> None:
    assert (record.failed, record.healed) == (failed, healed)


def test_the_first_word_is_that_of_the_attempt_that_was_shown() -> None:
    first, second = attempt(1, marks={"first_meaning": 1.0}), attempt(2, marks={"first_meaning": 3.0})
    assert request("a", first, second).first_meaning == 3.0
    assert request("a", first, second, shown=0).first_meaning is None
