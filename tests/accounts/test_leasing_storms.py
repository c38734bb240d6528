"""What an outage of an upstream does to its accounts, and what it must not."""

import pytest
from desk import OPUS, PRO, Desk

from peekd.accounts.account import Account
from peekd.accounts.leasing import lease
from peekd.accounts.storms import LADDER
from peekd.accounts.wanted import Rest, Tried, Wanted
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome

MANY = [f"a{number}" for number in range(50)]


def storm(desk: Desk, outcome: Outcome) -> tuple[Tried, ...]:
    """Let one request rotate until nobody is asked any more."""
    tried: tuple[Tried, ...] = ()
    while not isinstance(answer := lease(desk.pool, Wanted((OPUS,), tried=tried), desk.now)[1], Rest):
        given = desk.lease(OPUS, tried=tried)
        assert given.account == answer.account
        desk.now += 0.1
        tried = (*tried, desk.settle(given, outcome))
    return tried


@pytest.mark.parametrize(
    "outcome", [o.Overloaded(), o.ServerError(), o.Unreachable(), o.RateLimited(), o.QuotaExhausted()]
)
def test_an_outage_burns_three_accounts_and_not_the_pool(outcome: Outcome) -> None:
    desk = Desk(*MANY)
    assert len(storm(desk, outcome)) == 3
    untouched = [name for name in MANY if desk.pool.health[name].last_used is None]
    assert len(untouched) == 47
    assert desk.rest().soonest == pytest.approx(LADDER[0])


def test_in_a_storm_the_next_target_of_the_route_serves() -> None:
    desk = Desk(*MANY, Account("g", "google"))
    storm(desk, o.Overloaded())
    assert desk.lease(OPUS, PRO).account == "g"


def test_ladders_do_not_climb_in_a_storm() -> None:
    desk = Desk("a", "b", "c")
    first = [desk.lease(again=name) for name in "abc"]
    for given in first:
        desk.settle(given, o.QuotaExhausted())
    for _ in range(4):
        desk.now += 200.0
        desk.settle(desk.lease(), o.QuotaExhausted())
    assert {streak.count for name in "abc" for streak in desk.pool.health[name].streaks} == {1}


def test_outside_of_a_storm_they_do() -> None:
    desk = Desk("a", "b", "c")
    for _ in range(3):
        desk.fail("a", o.QuotaExhausted())
        desk.now += 8000.0
    assert [streak.count for streak in desk.pool.health["a"].streaks] == [3]


def test_one_request_tries_whether_it_is_over_and_its_first_word_ends_it() -> None:
    desk = Desk(*MANY)
    storm(desk, o.ServerError())
    desk.now += LADDER[0]
    probe = desk.lease()
    assert desk.rest().causes[0].cause == "server_error"
    desk.hear(probe, after=0.5)
    others = [desk.lease() for _ in range(10)]
    assert len({given.account for given in others}) == 10


def test_a_try_whose_client_leaves_is_no_answer_and_the_next_one_tries() -> None:
    desk = Desk(*MANY)
    storm(desk, o.ServerError())
    desk.now += LADDER[0]
    desk.settle(desk.lease(), o.ClientGone())
    desk.lease()
    desk.rest()


def test_a_lone_account_is_no_storm_and_is_asked_again_at_once() -> None:
    desk = Desk("a")
    for _ in range(5):
        tried = desk.fail("a", o.ServerError())
        assert desk.survey(tried=(tried,)).same


def test_a_storm_of_one_model_leaves_another_model_alone() -> None:
    desk = Desk(*MANY)
    storm(desk, o.Overloaded())
    assert desk.serve(PRO.__class__("claude", "haiku"))


def test_accounts_that_are_shut_out_one_after_the_other_stop_all_rotation() -> None:
    desk = Desk(*MANY)
    for _ in range(3):
        desk.settle(desk.lease(), o.Unauthorized(stop=True))
    assert desk.rest().soonest == pytest.approx(LADDER[0])
