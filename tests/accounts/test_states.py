import pytest

from peekd.accounts.account import Account
from peekd.accounts.hands import disable
from peekd.accounts.leasing import lease, settle
from peekd.accounts.pool import Pool, open_pool
from peekd.accounts.states import AccountState, describe
from peekd.accounts.wanted import Lease, Target, Wanted
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.outcomes import Outcome

WANTED = Wanted((Target("claude", "opus"),))


def begun(pool: Pool) -> tuple[Pool, Lease]:
    pool, given = lease(pool, WANTED, 100.0)
    assert isinstance(given, Lease)
    return pool, given


def told(pool: Pool, now: float = 100.0) -> AccountState:
    (state,) = describe(pool, now)
    return state


def after(outcome: Outcome) -> Pool:
    pool, given = begun(open_pool([Account("a", "claude")]))
    return settle(pool, given, outcome, 100.0)


def test_a_new_account_is_ready() -> None:
    assert told(open_pool([Account("a", "claude")])) == AccountState(
        "a", "claude", "ready", usable=True, in_flight=0
    )


@pytest.mark.parametrize(
    ("outcome", "state", "usable", "seconds"),
    [
        (o.RateLimited(), "resting", False, 30),
        (o.Unauthorized(), "to_mend", False, 60),
    ],
)
def test_a_cooldown_is_told_with_its_cause_and_time(
    outcome: Outcome, state: str, *, usable: bool, seconds: float
) -> None:
    standing = told(after(outcome), 105.0)
    assert (standing.state, standing.usable, standing.seconds) == (state, usable, seconds - 5)
    assert standing.cause == o.name_of(outcome)
    assert standing.because.startswith(standing.cause)


def test_a_cooldown_that_ended_is_not_told() -> None:
    assert told(after(o.RateLimited()), 130.0).state == "ready"


def test_one_models_cooldown_leaves_the_account_ready_and_names_the_model() -> None:
    standing = told(after(o.RateLimited(scope="model", retry_after=40)))
    assert (standing.state, standing.usable, standing.cause) == ("ready", True, "")
    (model,) = standing.models
    assert (model.model, model.state, model.cause, model.seconds) == ("opus", "resting", "rate_limited", 40)


def test_of_one_models_cooldowns_the_worst_is_told() -> None:
    pool, first = begun(open_pool([Account("a", "claude")]))
    pool, second = begun(pool)
    pool, third = begun(pool)
    pool = settle(pool, first, o.Overloaded(), 100.0)
    pool = settle(pool, second, o.Forbidden(), 100.0)
    pool = settle(pool, third, o.ModelNotFound(), 100.0)
    assert [(model.state, model.cause) for model in told(pool).models] == [("to_mend", "forbidden")]


def test_an_account_that_serves_all_it_may_is_busy_and_still_usable() -> None:
    pool, _ = begun(open_pool([Account("a", "claude", max_concurrent=1)]))
    standing = told(pool)
    assert (standing.state, standing.usable, standing.in_flight) == ("busy", True, 1)


def test_disabled_goes_before_everything_else() -> None:
    standing = told(disable(after(o.Unauthorized()), "a"))
    assert (standing.state, standing.usable, standing.cause) == ("disabled", False, "")


def test_accounts_are_told_in_the_order_of_the_file() -> None:
    pool = open_pool([Account(name, "claude") for name in ("c", "a", "b")])
    assert [state.name for state in describe(pool, 0.0)] == ["c", "a", "b"]


def test_models_are_told_by_name_each_with_its_own_words() -> None:
    pool = open_pool([Account("a", "claude")])
    for model in ("zeta", "alpha", "mid"):
        pool, given = lease(pool, Wanted((Target("claude", model),)), 100.0)
        assert isinstance(given, Lease)
        pool = settle(pool, given, o.RateLimited(scope="model", retry_after=40), 100.0)
    models = told(pool).models
    assert [model.model for model in models] == ["alpha", "mid", "zeta"]
    assert all(model.because.startswith("rate_limited") for model in models)
    assert told(pool, 139.9).models
    assert told(pool, 140.0).models == ()


def test_of_an_accounts_cooldowns_the_worst_is_told_and_not_the_longest() -> None:
    pool, first = begun(open_pool([Account("a", "claude")]))
    pool, second = begun(pool)
    pool = settle(pool, first, o.QuotaExhausted(retry_after=5000), 100.0)
    pool = settle(pool, second, o.Unauthorized(), 100.0)
    assert (told(pool).state, told(pool).cause) == ("to_mend", "unauthorized")


def test_a_tired_model_is_told_as_tired() -> None:
    pool, given = begun(open_pool([Account("a", "claude")]))
    pool = settle(pool, given, o.Silent(), 100.0)
    assert told(pool).state == "ready"
    assert [model.state for model in told(pool).models] == ["tired"]
