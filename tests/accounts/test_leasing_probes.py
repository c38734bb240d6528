"""After a rest that was earned by a spent quota, or by what a person must mend, one request tries alone."""

import pytest
from desk import HAIKU, Desk

from peekd.accounts.wanted import Resting
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome


def over(outcome: Outcome, seconds: float = 2000.0) -> Desk:
    """Give a desk whose one account failed like that and has rested since."""
    desk = Desk("a")
    desk.fail("a", outcome)
    desk.now += seconds
    return desk


PROBED = [
    o.QuotaExhausted(),
    o.Unauthorized(),
    o.PaymentRequired(),
    o.Forbidden(),
    o.ValidationRequired(),
]


@pytest.mark.parametrize("outcome", PROBED)
def test_one_request_tries_and_others_keep_away(outcome: Outcome) -> None:
    desk = over(outcome)
    desk.lease()
    assert desk.rest().causes == (Resting("a", "busy", desk.now + 1.0),)


@pytest.mark.parametrize("outcome", [o.RateLimited(), o.ModelNotFound(), o.ServerError(), o.Silent()])
def test_what_passes_by_itself_needs_no_try(outcome: Outcome) -> None:
    desk = over(outcome)
    desk.lease()
    desk.lease()


def test_the_first_word_of_the_one_that_tries_opens_the_account() -> None:
    desk = over(o.QuotaExhausted())
    desk.hear(desk.lease(), after=1.0)
    desk.lease()
    desk.lease()


def test_a_try_that_fails_alike_rests_the_account_longer() -> None:
    desk = over(o.QuotaExhausted())
    desk.settle(desk.lease(), o.QuotaExhausted())
    assert desk.rest().soonest == pytest.approx(300.0)


@pytest.mark.parametrize("outcome", [o.ClientGone(), o.Drained(), o.Rejected(), o.Overloaded()])
def test_a_try_that_proves_nothing_lets_the_next_request_try(outcome: Outcome) -> None:
    desk = over(o.QuotaExhausted())
    desk.settle(desk.lease(), outcome)
    desk.now += 60.0
    desk.lease()
    desk.rest()


def test_attempts_that_run_since_before_the_rest_are_not_in_the_way() -> None:
    desk = Desk("a")
    old = desk.lease()
    desk.now += 1.0
    desk.fail("a", o.QuotaExhausted())
    desk.now += 60.0
    desk.lease()
    desk.rest()
    desk.settle(old, o.Completed())
    desk.rest()


def test_a_limit_of_one_model_is_tried_for_that_model_alone() -> None:
    desk = over(o.QuotaExhausted(scope="model"))
    desk.lease()
    desk.rest()
    desk.lease(HAIKU)
    desk.lease(HAIKU)
