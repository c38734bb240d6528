from __future__ import annotations

import pytest
from desk import HAIKU, OPUS, Desk

from peekd.accounts.wanted import Resting, Survey
from peekd.vocabulary import outcomes as o


def test_a_resting_account_is_back_when_it_was_told_and_not_before() -> None:
    desk = Desk("a")
    desk.fail("a", o.RateLimited(retry_after=2.9))
    assert desk.rest().soonest == pytest.approx(2.9)
    desk.now += 2.8
    assert desk.rest().soonest == pytest.approx(0.1)
    desk.now += 0.11
    assert desk.lease().account == "a"


def test_what_a_person_must_mend_is_named_and_not_waited_for() -> None:
    desk = Desk("a", "b")
    desk.fail("a", o.Unauthorized())
    desk.fail("b", o.PaymentRequired())
    rest = desk.rest()
    assert (rest.soonest, rest.mend) == (None, ("a", "b"))
    assert [why.until for why in rest.causes] == [None, None]


def test_a_limit_on_an_account_to_be_mended_is_not_waited_for() -> None:
    desk = Desk("a")
    first, second = desk.lease(), desk.lease()
    desk.settle(first, o.RateLimited(retry_after=5))
    desk.settle(second, o.Unauthorized())
    assert desk.rest().soonest is None


def test_a_survey_knows_who_has_not_been_asked() -> None:
    desk = Desk("a", "b")
    tried = (desk.fail("a", o.Silent()),)
    assert desk.survey(tried=tried) == Survey(another=True, same=True, soonest=None)
    desk.fail("b", o.RateLimited(retry_after=7))
    assert desk.survey(tried=tried) == Survey(another=False, same=True, soonest=7.0)


def test_who_rests_for_one_model_is_told_when_that_model_is_asked_for() -> None:
    desk = Desk("a")
    desk.fail("a", o.RateLimited(scope="model", retry_after=40))
    told = desk.rest(OPUS)
    assert (told.soonest, told.causes) == (40.0, (Resting("a", "rate_limited", 1040.0),))
    assert desk.lease(HAIKU).account == "a"
