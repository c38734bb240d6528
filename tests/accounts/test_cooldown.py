import math
from typing import get_args

import pytest

from peekd.accounts.cooldown import COOLDOWNS, GOOD, SPARED, Cooldown, cooldown_after, model_for
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import AnyOutcome, Outcome, name_of


def after(outcome: Outcome, nth: int = 1) -> Cooldown:
    rest = cooldown_after(outcome, model="m", nth=nth, now=100.0)
    assert rest is not None
    return rest


def test_every_outcome_is_either_good_or_spared_or_has_a_row() -> None:
    names = [name_of(outcome) for outcome in get_args(AnyOutcome)]
    assert sorted(names) == sorted([*COOLDOWNS, *GOOD, *SPARED])


@pytest.mark.parametrize(
    "cause",
    [
        *("rejected", "too_large", "signature"),
        *("client_gone", "superseded", "drained", "internal", "no_account"),
    ],
)
def test_what_is_no_accounts_fault_has_no_cooldown(cause: str) -> None:
    assert cause in SPARED


def test_a_quota_that_is_used_up_rests_longer_each_time_in_a_row() -> None:
    rests = [after(o.QuotaExhausted(), nth).until - 100 for nth in (1, 2, 3, 4, 5)]
    assert rests == [60, 300, 1800, 7200, 7200]


def test_what_the_upstream_says_goes_before_the_ladder() -> None:
    assert after(o.QuotaExhausted(retry_after=4321), 3).until == 4421
    assert after(o.RateLimited(retry_after=7)).until == 107


@pytest.mark.parametrize("told", [0.0, 0.3, -5.0])
def test_no_rest_is_shorter_than_a_second(told: float) -> None:
    assert after(o.RateLimited(retry_after=told)).until == 101


@pytest.mark.parametrize("told", [math.inf, math.nan])
def test_a_time_that_is_none_is_not_obeyed(told: float) -> None:
    assert after(o.RateLimited(retry_after=told)).until == 130


def test_a_refused_credential_is_asked_again_by_the_ladder_alone() -> None:
    assert after(o.Unauthorized(retry_after=1)).until == 160


@pytest.mark.parametrize("kind", [o.RateLimited, o.QuotaExhausted])
def test_a_limit_holds_for_what_the_outcome_says(kind: type[o.RateLimited | o.QuotaExhausted]) -> None:
    assert model_for(kind(scope="account"), "m") is None
    assert model_for(kind(scope="model"), "m") == "m"


def test_a_cooldown_of_one_model_holds_for_that_model_until_it_ends() -> None:
    rest = after(o.Forbidden())
    assert [rest.holds("m", 399.9), rest.holds("m", 400.0)] == [True, False]
    assert not rest.holds("other", 200.0)
    assert not rest.holds(None, 200.0)


def test_what_a_person_must_mend_does_not_pass_by_itself() -> None:
    mended = {cause for cause, rule in COOLDOWNS.items() if rule.person}
    assert mended == {"unauthorized", "payment_required", "forbidden", "validation_required"}
    assert not any(COOLDOWNS[cause].passes for cause in mended)


def test_only_the_accounts_own_troubles_keep_it_out() -> None:
    hard = {cause for cause, rule in COOLDOWNS.items() if rule.hard}
    assert hard == {
        *("rate_limited", "quota_exhausted", "model_not_found"),
        *("unauthorized", "payment_required", "forbidden", "validation_required"),
    }
