from __future__ import annotations

import pytest
from desk import HAIKU, OPUS, PRO, Desk

from peekd.accounts.account import Account
from peekd.accounts.wanted import Rest, Resting, Target
from peekd.vocabulary import outcomes as o


def test_a_lease_is_settled_once() -> None:
    desk = Desk("a")
    given = desk.lease()
    desk.settle(given, o.Completed())
    with pytest.raises(ValueError, match="not open"):
        desk.settle(given, o.Completed())


def test_what_a_lease_counts_is_given_back_whatever_the_outcome() -> None:
    desk = Desk("a")
    for outcome in (o.Completed(), o.ClientGone(), o.Silent(), o.Rejected()):
        given = desk.lease()
        assert desk.pool.health["a"].in_flight == 1
        desk.settle(given, outcome)
        assert desk.pool.health["a"].in_flight == 0


def test_the_upstream_and_the_models_of_an_account_bound_what_it_serves() -> None:
    desk = Desk(Account("g", "google"), Account("h", "claude", models=("haiku*",)), Account("o", "claude"))
    assert desk.lease(OPUS).account == "o"
    assert desk.lease(PRO).account == "g"
    assert not desk.rest(Target("elsewhere", "opus")).exists


def test_the_next_target_serves_when_the_one_before_has_no_account_left() -> None:
    desk = Desk("a", Account("g", "google"))
    assert desk.lease(OPUS, PRO).account == "a"
    desk.fail("a", o.QuotaExhausted())
    given = desk.lease(OPUS, PRO)
    assert (given.account, given.model) == ("g", "pro")
    assert given.because == "the only one that is left; nobody else for claude/opus"


def test_an_account_at_its_limit_is_left_out_and_asked_again_soon() -> None:
    desk = Desk(Account("a", "claude", max_concurrent=1))
    given = desk.lease()
    assert desk.rest() == Rest(1.0, (Resting("a", "busy", 1001.0),), (), exists=True)
    desk.settle(given, o.ClientGone())
    assert desk.lease().account == "a"


def test_equal_accounts_serve_in_turn_and_heavier_ones_more_often() -> None:
    desk = Desk(Account("a", "claude", weight=3), "b")
    served = [desk.serve() for _ in range(40)]
    assert (served.count("a"), served.count("b")) == (30, 10)


def test_an_account_that_comes_back_gets_its_turn_and_no_more() -> None:
    desk = Desk("a", "b")
    desk.fail("b", o.QuotaExhausted())
    for _ in range(20):
        assert desk.serve() == "a"
    desk.now += 60
    served = [desk.serve() for _ in range(10)]
    assert served.count("b") == 5


def test_an_account_nobody_knows_yet_is_not_ranked_first_for_ever() -> None:
    desk = Desk("new", "good")
    served: list[str] = []
    for _ in range(20):
        given = desk.lease()
        desk.settle(given, o.ServerError() if given.account == "new" else o.Completed())
        served.append(given.account)
        desk.now += 1.0
    assert served.count("new") == 1


def test_a_lock_is_looked_up_by_the_name_it_was_set_by() -> None:
    desk = Desk(Account("alice@example.com", "claude"))
    given = desk.lease()
    desk.settle(given, o.RateLimited(retry_after=40))
    assert desk.rest().causes == (Resting(given.account, "rate_limited", 1040.0),)
    assert list(desk.pool.health) == ["alice@example.com"]


def test_asking_while_all_rest_clears_no_lock() -> None:
    desk = Desk("a", "b")
    desk.fail("a", o.RateLimited(retry_after=5))
    desk.fail("b", o.QuotaExhausted(retry_after=3600))
    for _ in range(5):
        assert desk.rest().soonest == pytest.approx(5.0)
    desk.now += 5.0
    assert desk.lease().account == "a"
    assert desk.pool.health["b"].resting("opus", desk.now)


def test_a_resting_account_never_blocks_a_healthy_sibling() -> None:
    desk = Desk("a", "b")
    desk.fail("a", o.QuotaExhausted(retry_after=9000))
    assert desk.survey().another
    assert desk.lease().account == "b"


def test_a_limit_of_one_model_leaves_the_others_of_that_account() -> None:
    desk = Desk("a")
    desk.fail("a", o.QuotaExhausted(scope="model"))
    assert desk.lease(HAIKU).account == "a"
    assert not desk.rest(OPUS).mend


def test_a_lease_is_booked_with_its_number_its_moment_and_its_share() -> None:
    desk = Desk(Account("a", "claude", weight=2))
    first, second = desk.lease(), desk.lease()
    assert (first.number, second.number) == (0, 1)
    health = desk.pool.health["a"]
    assert (health.last_used, health.leases, health.share) == (1000.0, frozenset({0, 1}), 1.0)
    assert (desk.pool.leased, desk.pool.rounds) == (2, {"claude": 0.5})


def test_of_two_that_had_their_turn_the_longest_unused_is_next() -> None:
    desk = Desk("a", "b")
    assert [desk.serve() for _ in range(4)] == ["a", "b", "a", "b"]
    assert desk.pool.health["a"].last_used == 1002.0


def test_a_model_of_one_name_is_another_at_another_upstream() -> None:
    desk = Desk("a", "b", Account("c", "google"))
    same = Target("google", OPUS.model)
    assert [desk.serve(target, session="s") for target in (OPUS, same, OPUS, same, OPUS)] == list("acaca")
