"""What counts as an attempt, and what costs nothing."""

from peekd.healing.history import attempts_spent
from peekd.vocabulary import outcomes as o


def test_refusals_that_cost_nothing_are_no_attempts() -> None:
    steps = [
        ("a", o.RateLimited(status=429)),
        ("b", o.Forbidden(status=403)),
        ("c", o.ModelNotFound(status=404)),
    ]
    assert attempts_spent(steps) == 0


def test_a_refusal_by_an_account_asked_before_is_one() -> None:
    assert attempts_spent([("a", o.Unauthorized(status=401)), ("a", o.Unauthorized(status=401))]) == 1


def test_what_reached_the_model_or_may_have_is_one() -> None:
    steps = [
        ("a", o.Unreachable()),
        ("b", o.HeadersTimeout()),
        ("c", o.Empty()),
        ("d", o.ServerError(status=500)),
    ]
    assert attempts_spent(steps) == 4


def test_a_limit_told_inside_a_200_has_reached_the_model() -> None:
    assert attempts_spent([("a", o.RateLimited(status=200))]) == 1


def test_waiting_for_an_account_is_none() -> None:
    assert attempts_spent([("", o.NoAccount()), ("a", o.RateLimited(status=429)), ("", o.NoAccount())]) == 0
