"""Storms by themselves; what a pool makes of them is in test_leasing_storms."""

import pytest

from peekd.accounts.storms import (
    CLEAR,
    LADDER,
    WINDOW,
    Hit,
    Sky,
    cleared,
    hit_of,
    rages,
    raging,
    struck,
    tried,
)
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome


def hits(*names: str, kind: str = "overloaded", model: str | None = "m", every: float = 1.0) -> Sky:
    sky = CLEAR
    for number, name in enumerate(names):
        now = 100 + number * every
        sky = struck(sky, Hit(name, kind, model, now), number, others=50, now=now)
    return sky


def test_three_accounts_that_fail_alike_within_seconds_are_a_storm() -> None:
    assert raging(hits("a", "b"), "m", 102.0, 1.0) is None
    assert raging(hits("a", "b", "c"), "m", 102.0, 1.0) == ("overloaded", 102.0 + LADDER[0])


def test_one_account_that_fails_again_and_again_is_none() -> None:
    assert not hits("a", "a", "a", "a").storms


def test_failures_far_apart_are_none() -> None:
    assert not hits("a", "b", "c", every=WINDOW).storms


def test_failures_of_several_kinds_are_none() -> None:
    sky = hits("a", "b")
    assert not struck(sky, Hit("c", "server_error", "m", 102.0), 9, others=50, now=102.0).storms


def test_all_accounts_that_there_are_are_enough_from_two_on() -> None:
    sky = struck(CLEAR, Hit("a", "overloaded", "m", 0.0), 1, others=2, now=0.0)
    assert struck(sky, Hit("b", "overloaded", "m", 1.0), 2, others=2, now=1.0).storms
    assert not struck(CLEAR, Hit("a", "overloaded", "m", 0.0), 1, others=1, now=0.0).storms


def test_a_storm_over_one_model_leaves_the_others_alone() -> None:
    assert raging(hits("a", "b", "c"), "other", 102.0, 1.0) is None
    assert raging(hits("a", "b", "c", model=None), "other", 102.0, 1.0)


def test_when_its_time_is_over_one_lease_tries_and_others_keep_away() -> None:
    sky, later = hits("a", "b", "c"), 102.0 + LADDER[0]
    assert raging(sky, "m", later, 1.0) is None
    sky = tried(sky, "m", 77)
    assert raging(sky, "m", later, 1.0) == ("overloaded", later + 1.0)


def test_each_try_that_fails_alike_makes_it_longer() -> None:
    sky, now = hits("a", "b", "c"), 102.0
    for seconds in (*LADDER[1:], LADDER[-1]):
        now += 100
        sky = struck(tried(sky, "m", 77), Hit("d", "overloaded", "m", now), 77, others=50, now=now)
        assert raging(sky, "m", now, 1.0) == ("overloaded", now + seconds)


def test_a_try_that_is_cancelled_lets_the_next_one_try() -> None:
    sky = struck(tried(hits("a", "b", "c"), "m", 77), None, 77, others=50, now=200.0)
    assert raging(sky, "m", 200.0, 1.0) is None
    assert sky.storms


def test_an_answer_ends_it_if_it_was_asked_for_in_it() -> None:
    sky = hits("a", "b", "c")
    assert cleared(sky, "m", since=50.0) == sky
    assert cleared(sky, "m", since=150.0) is CLEAR
    assert cleared(sky, "other", since=150.0) == sky
    assert cleared(CLEAR, "m", since=150.0) is CLEAR


@pytest.mark.parametrize(
    ("outcome", "kind", "model"),
    [
        (o.RateLimited(), "rate_limited", None),
        (o.QuotaExhausted(scope="model"), "rate_limited", "m"),
        (o.ServerError(), "server_error", None),
        (o.Overloaded(), "overloaded", "m"),
        (o.Unreachable(), "unreachable", None),
        (o.HeadersTimeout(), "unreachable", None),
        (o.Forbidden(stop=True), "unauthorized", None),
    ],
)
def test_what_counts_as_alike(outcome: Outcome, kind: str, model: str | None) -> None:
    assert hit_of(outcome, account="a", model="m", now=5.0) == Hit("a", kind, model, 5.0)


@pytest.mark.parametrize(
    "outcome",
    [
        o.Forbidden(),
        o.Rejected(),
        o.Silent(),
        o.ClientGone(),
        o.Unreachable(type=o.POOL_TIMEOUT),
        o.Unreachable(type=o.CREDENTIAL_REFRESH),
        o.ServerError(type=o.CREDENTIAL_REFRESH),
    ],
)
def test_what_is_no_sign_of_a_storm(outcome: Outcome) -> None:
    assert hit_of(outcome, account="a", model="m", now=5.0) is None


def test_an_account_on_a_path_of_its_own_is_no_sign_of_the_upstreams_path() -> None:
    assert hit_of(o.Unreachable(), account="a", model="m", now=5.0, own_path=True) is None


def test_what_belongs_to_a_storm_is_known_by_its_kind() -> None:
    sky = hits("a", "b", "c")
    assert rages(sky, Hit("z", "overloaded", "m", 103.0))
    assert not rages(sky, Hit("z", "server_error", "m", 103.0))
    assert not rages(sky, None)
