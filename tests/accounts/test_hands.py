from __future__ import annotations

from collections.abc import Callable

import pytest
from desk import Desk

from peekd.accounts.account import Account
from peekd.accounts.hands import disable, enable, renew, reset
from peekd.accounts.pool import Pool, open_pool
from peekd.accounts.wanted import Rest, Resting
from peekd.vocabulary import outcomes as o


def test_a_reset_clears_one_account_and_never_the_others() -> None:
    desk = Desk("a", "b")
    desk.fail("a", o.QuotaExhausted())
    desk.now += 20.0
    desk.fail("b", o.QuotaExhausted())
    other = desk.pool.health["b"]
    desk.pool = reset(desk.pool, "a")
    assert desk.lease().account == "a"
    assert desk.pool.health["b"] == other


def test_a_disabled_account_is_not_asked_until_it_is_enabled() -> None:
    desk = Desk("a")
    desk.pool = disable(desk.pool, "a")
    assert desk.rest() == Rest(None, (Resting("a", "disabled", None),), (), exists=True)
    desk.pool = enable(desk.pool, "a")
    assert desk.lease().account == "a"


def test_disabling_lets_what_runs_go_on() -> None:
    desk = Desk("a")
    given = desk.lease()
    desk.pool = disable(desk.pool, "a")
    desk.settle(given, o.Completed())
    assert desk.pool.health["a"].in_flight == 0


def test_a_new_credential_is_tried_at_once_and_if_turned_away_too_rests_longer() -> None:
    desk = Desk("a")
    tried = (desk.fail("a", o.Unauthorized()),)
    desk.rest(tried=tried)
    desk.pool = renew(desk.pool, "a")
    desk.now += 0.1
    desk.settle(desk.lease(tried=tried, again="a"), o.Unauthorized())
    assert [rest.until for rest in desk.pool.health["a"].cooldowns] == [pytest.approx(desk.now + 300)]


def test_a_new_credential_ends_no_limit() -> None:
    desk = Desk("a")
    first, second = desk.lease(), desk.lease()
    desk.settle(first, o.RateLimited())
    desk.settle(second, o.Unauthorized())
    desk.pool = renew(desk.pool, "a")
    assert [why.cause for why in desk.rest().causes] == ["rate_limited"]


@pytest.mark.parametrize("verb", [enable, disable, reset, renew])
def test_an_account_that_does_not_exist_is_an_error(verb: Callable[[Pool, str], Pool]) -> None:
    with pytest.raises(KeyError):
        verb(open_pool([]), "nobody")


def test_a_disabled_account_lets_its_sessions_go() -> None:
    desk = Desk("a", "b")
    assert desk.serve(session="s") == "a"
    desk.pool = disable(desk.pool, "a")
    assert desk.serve(session="s") == "b"
    desk.pool = enable(desk.pool, "a")
    assert desk.serve(session="s") == "b"


def test_an_account_that_is_enabled_is_as_it_was() -> None:
    pool = open_pool([Account("a", "claude")])
    assert enable(disable(pool, "a"), "a") == pool


def test_a_reset_forgets_the_failures_too() -> None:
    desk = Desk("a")
    desk.fail("a", o.QuotaExhausted())
    assert desk.pool.health["a"].streaks
    assert reset(desk.pool, "a").health["a"].streaks == ()


@pytest.mark.parametrize("verb", [enable, disable, reset, renew])
def test_an_account_that_is_not_there_is_named(verb: Callable[[Pool, str], Pool]) -> None:
    with pytest.raises(KeyError, match="nobody"):
        verb(open_pool([]), "nobody")
