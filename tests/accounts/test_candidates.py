from __future__ import annotations

from desk import HAIKU, OPUS, PRO, Desk

from peekd.accounts.account import Account
from peekd.accounts.leasing import lease
from peekd.accounts.pool import open_pool
from peekd.accounts.waiting import survey
from peekd.accounts.wanted import Lease, Survey, Tried, Wanted
from peekd.vocabulary import outcomes as o


def test_the_same_account_serves_the_next_target_where_only_its_first_model_is_limited() -> None:
    desk = Desk("a")
    tried = (desk.fail("a", o.RateLimited(scope="model")),)
    assert desk.survey(OPUS, HAIKU, tried=tried).another
    assert desk.lease(OPUS, HAIKU, tried=tried).model == "haiku"


def test_a_tired_account_serves_where_nobody_else_can() -> None:
    desk = Desk("a", "b")
    desk.fail("a", o.Silent())
    assert desk.lease().account == "b"
    desk.fail("b", o.RateLimited())
    assert desk.lease().account == "a"


def test_an_account_not_asked_yet_goes_before_those_that_failed() -> None:
    desk = Desk(Account("a", "claude", priority=9), "b")
    tried = (desk.fail("a", o.Silent()),)
    desk.now += 60
    given = desk.lease(tried=tried)
    assert given.account == "b"
    assert desk.lease(tried=(*tried, given.tried)).account == "a"


def test_again_means_the_same_account_and_the_same_model() -> None:
    desk = Desk(Account("a", "claude", priority=-1), "b")
    tried = (desk.fail("a", o.Overloaded(), HAIKU),)
    given = desk.lease(OPUS, HAIKU, tried=tried, again="a")
    assert (given.account, given.model, given.because) == ("a", "haiku", "the same account once more")


def test_where_the_same_account_can_no_more_another_serves() -> None:
    desk = Desk("a", "b")
    tried = (desk.fail("a", o.Overloaded()),)
    desk.fail("a", o.RateLimited())
    assert desk.lease(tried=tried, again="a").account == "b"


def test_an_account_that_failed_twice_goes_last() -> None:
    desk = Desk("a", "b")
    tried = (desk.fail("a", o.Empty()), desk.fail("a", o.Empty()), desk.fail("b", o.Empty()))
    assert desk.lease(tried=tried).account == "b"
    assert not desk.survey(tried=(tried[2], *tried[:2])).same


def test_an_account_that_failed_twice_serves_where_it_is_the_only_one() -> None:
    desk = Desk("a")
    tried = (desk.fail("a", o.Empty()), desk.fail("a", o.Empty()))
    assert desk.survey(tried=tried) == Survey(another=False, same=True, soonest=None)
    assert desk.lease(tried=tried).account == "a"


def test_a_limited_account_that_this_request_asked_serves_it_after_its_rest() -> None:
    desk = Desk("a", "b")
    tried = (desk.fail("a", o.RateLimited(retry_after=3)), desk.fail("b", o.RateLimited(retry_after=9)))
    assert desk.survey(tried=tried) == Survey(another=False, same=False, soonest=3.0)
    desk.now += 3
    assert desk.lease(tried=tried).account == "a"


def test_no_more_accounts_are_asked_than_the_request_may_ask() -> None:
    pool = open_pool(Account(name, "claude") for name in "abc")
    asked = (Tried("a", "opus"), Tried("b", "opus"))
    for most, account in ((3, "c"), (2, "a")):
        _, given = lease(pool, Wanted((OPUS,), tried=asked, most=most), 0.0)
        assert isinstance(given, Lease)
        assert given.account == account


def test_who_was_passed_over_is_named_in_order_and_only_then() -> None:
    desk = Desk(Account("a", "google"))
    assert desk.lease(PRO).because == "the only one that is left"
    opus_and_haiku = desk.lease(OPUS, HAIKU, PRO)
    assert opus_and_haiku.because.endswith("; nobody else for claude/opus, claude/haiku")


def test_a_model_that_is_tired_makes_its_account_tired_for_that_model_alone() -> None:
    desk = Desk("a", "b")
    desk.fail("a", o.Malformed())
    assert [desk.serve(OPUS) for _ in range(2)] == ["b", "b"]
    assert desk.serve(HAIKU) == "a"


def test_a_success_ends_the_tiredness_of_the_model_that_was_asked() -> None:
    desk = Desk("a")
    desk.fail("a", o.Silent())
    desk.now += 1.0
    desk.serve()
    assert desk.pool.health["a"].cooldowns == ()


def test_whoever_failed_twice_is_asked_again_only_where_no_other_is_left() -> None:
    pool = open_pool([Account("a", "claude"), Account("b", "claude")])
    twice = (Tried("a", "opus"), Tried("a", "opus"))
    spent = (Tried("b", "opus"), Tried("b", "opus"), *twice)
    assert survey(pool, Wanted((OPUS,), tried=twice), 0.0) == Survey(another=True, same=False, soonest=None)
    assert survey(pool, Wanted((OPUS,), tried=spent), 0.0) == Survey(another=False, same=True, soonest=None)
    assert survey(pool, Wanted((OPUS,)), 0.0) == Survey(another=True, same=False, soonest=None)
