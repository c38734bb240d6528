"""A deadline that is as long as the time that was left is the request's own, and no upstream's."""

from __future__ import annotations

import msgspec
import pytest

from peekd.healing.hurry import cut_short
from peekd.healing.settings import HealingSettings
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import AnyOutcome

LATE = HealingSettings(connect_seconds=3, send_seconds=3, headers_seconds=3)


@pytest.mark.parametrize(
    "outcome",
    [
        o.Unreachable(type="connect_timeout", message="connecting: not done in 3 s"),
        o.HeadersTimeout(type="write_timeout"),
        o.HeadersTimeout(type="read_timeout"),
    ],
)
def test_a_deadline_that_ended_with_the_budget_is_told_from_one_that_did_not(outcome: AnyOutcome) -> None:
    assert cut_short(outcome, LATE, 3.0) == msgspec.structs.replace(outcome, type=o.BUDGET_SPENT)
    assert cut_short(outcome, LATE, 70.0) == outcome


@pytest.mark.parametrize("outcome", [o.Unreachable(type="connect_error"), o.Silent(), o.ServerError()])
def test_what_passed_no_deadline_is_what_it_was_however_little_was_left(outcome: AnyOutcome) -> None:
    assert cut_short(outcome, LATE, 3.0) == outcome
