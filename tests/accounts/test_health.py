import pytest

from peekd.accounts.health import Health, blamed, praised
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome


def fail(health: Health, outcome: Outcome, *, since: float, now: float, model: str = "m") -> Health:
    return blamed(health, outcome, model=model, since=since, now=now)


def ends(health: Health, model: str, now: float) -> list[float]:
    return sorted(rest.until for rest in (*health.resting(model, now), *health.tired(model, now)))


def test_failures_in_a_row_climb_the_ladder() -> None:
    first = fail(Health(), o.QuotaExhausted(), since=0, now=1)
    second = fail(first, o.QuotaExhausted(), since=61, now=62)
    assert (ends(first, "m", 1), ends(second, "m", 62)) == ([61], [362])


def test_a_burst_that_fails_together_is_one_failure() -> None:
    health = Health()
    for now in (1.0, 1.1, 1.2, 1.3):
        health = fail(health, o.QuotaExhausted(), since=0, now=now)
    assert ends(health, "m", 2) == [61.3]
    assert [streak.count for streak in health.streaks] == [1]


def test_a_success_begins_the_ladder_anew() -> None:
    health = fail(Health(), o.QuotaExhausted(), since=0, now=1)
    health = praised(health, model="m", since=70, now=80)
    health = fail(health, o.QuotaExhausted(), since=81, now=82)
    assert ends(health, "m", 82) == [142]


def test_an_answer_begun_before_the_failure_proves_nothing() -> None:
    failed = fail(fail(Health(), o.QuotaExhausted(), since=0, now=10), o.Silent(), since=0, now=10)
    assert praised(failed, model="m", since=5, now=20) == failed


def test_a_success_rests_a_tired_account_but_ends_no_hard_cooldown() -> None:
    health = fail(fail(Health(), o.RateLimited(), since=0, now=1), o.Silent(), since=0, now=1)
    health = praised(health, model="m", since=2, now=3)
    assert health.tired("m", 3) == ()
    assert [rest.cause for rest in health.resting("m", 3)] == ["rate_limited"]


def test_one_models_success_says_nothing_of_another_model() -> None:
    health = fail(Health(), o.Overloaded(), since=0, now=1, model="m")
    assert praised(health, model="other", since=2, now=3).tired("m", 3)
    assert not praised(health, model="m", since=2, now=3).tired("m", 3)


def test_one_models_failures_do_not_count_for_another() -> None:
    health = fail(Health(), o.QuotaExhausted(scope="model"), since=0, now=1, model="m")
    health = fail(health, o.QuotaExhausted(scope="model"), since=2, now=3, model="other")
    assert ends(health, "other", 3) == [63]


def test_of_two_rests_by_one_cause_the_later_end_stays() -> None:
    health = fail(Health(), o.RateLimited(retry_after=100), since=0, now=1)
    health = fail(health, o.RateLimited(retry_after=2), since=0, now=2)
    assert ends(health, "m", 3) == [101]


def test_cooldowns_that_ended_are_let_go() -> None:
    health = fail(Health(), o.Silent(), since=0, now=1)
    health = fail(health, o.Empty(), since=500, now=501)
    assert [rest.cause for rest in health.cooldowns] == ["empty"]


@pytest.mark.parametrize("outcome", [o.Rejected(), o.ClientGone(), o.Blank(), o.Internal(), o.NoAccount()])
def test_an_outcome_without_a_row_changes_nothing(outcome: Outcome) -> None:
    health = fail(Health(), o.RateLimited(), since=0, now=1)
    assert fail(health, outcome, since=2, now=3) is health


def test_a_failure_and_what_began_in_that_very_moment_are_one() -> None:
    health = fail(Health(), o.QuotaExhausted(), since=0, now=10)
    assert [streak.count for streak in fail(health, o.QuotaExhausted(), since=10, now=11).streaks] == [1]
    later = fail(health, o.QuotaExhausted(), since=10.5, now=11)
    assert [streak.count for streak in later.streaks] == [2]


def test_a_success_that_began_in_the_moment_of_a_failure_proves_that_it_is_over() -> None:
    health = fail(fail(Health(), o.QuotaExhausted(), since=0, now=10), o.Silent(), since=0, now=10)
    praise = praised(health, model="m", since=10, now=11)
    assert (praise.streaks, [rest.cause for rest in praise.cooldowns]) == ((), ["quota_exhausted"])


def test_a_cooldown_is_over_in_the_moment_of_its_end() -> None:
    health = fail(Health(), o.RateLimited(retry_after=10), since=0, now=0)
    (rest,) = health.cooldowns
    assert praised(health, model="m", since=1, now=rest.until).cooldowns == ()
    again = fail(health, o.Silent(), since=0, now=rest.until)
    assert [kept.cause for kept in again.cooldowns] == ["silent"]


def test_a_cooldown_that_is_met_again_counts_from_then() -> None:
    health = fail(Health(), o.Silent(), since=0, now=1)
    health = fail(health, o.Silent(), since=0, now=5)
    assert [rest.since for rest in health.cooldowns] == [5]
    assert praised(health, model="m", since=3, now=6).cooldowns == health.cooldowns


def test_a_longer_rest_that_is_met_again_counts_from_then_too() -> None:
    health = fail(Health(), o.RateLimited(retry_after=100), since=0, now=1)
    health = fail(health, o.RateLimited(retry_after=10), since=0, now=5)
    assert [(rest.since, rest.until) for rest in health.cooldowns] == [(5, 101)]


def test_an_accounts_failure_is_one_whichever_model_met_it() -> None:
    health = fail(Health(), o.QuotaExhausted(), since=0, now=1, model="m")
    health = fail(health, o.QuotaExhausted(), since=2, now=3, model="other")
    assert [(streak.count, streak.model) for streak in health.streaks] == [(2, None)]
