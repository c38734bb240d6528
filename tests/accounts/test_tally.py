"""What counts for an account, what against it, and what as neither."""

import pytest

from peekd.accounts.tally import Tally, counted
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome, name_of


@pytest.mark.parametrize(
    ("outcome", "served", "failed"),
    [
        (o.Completed(), 1, 0),
        (o.Accepted(), 1, 0),
        (o.RateLimited(), 0, 1),
        (o.Broken(), 0, 1),
        (o.ClientGone(), 0, 0),
        (o.Rejected(), 0, 0),
        (o.Superseded(), 0, 0),
    ],
)
def test_an_attempt_is_counted_by_whose_doing_its_end_was(outcome: Outcome, served: int, failed: int) -> None:
    tally = counted(Tally(), outcome, lambda told: "words", 7.0)
    assert (tally.requests, tally.served, tally.failed) == (1, served, failed)
    assert (tally.last_error, tally.last_error_at) == (("words", 7.0) if failed else ("", None))


def test_the_last_error_stays_and_the_rate_is_of_those_that_speak_of_it() -> None:
    tally = counted(Tally(), o.Silent(), name_of, 1.0)
    for _ in range(3):
        tally = counted(tally, o.Completed(), name_of, 2.0)
    tally = counted(tally, o.ClientGone(), name_of, 3.0)
    assert (tally.requests, tally.success_rate, tally.last_error) == (5, 0.75, "silent")
