import pytest

from peekd.accounts.pace import HALF_LIFE, Pace, expected, learned


def test_the_first_measure_is_taken_as_it_is() -> None:
    assert learned(None, 4.0, now=7.0) == Pace(4.0, at=7.0)


def test_the_mean_moves_towards_what_is_new() -> None:
    pace = Pace(1.0, at=0.0)
    for now in range(1, 30):
        pace = learned(pace, 3.0, now=float(now))
    assert pace.seconds == pytest.approx(3.0, abs=0.01)


def test_who_was_slow_long_ago_is_expected_to_be_quick_again() -> None:
    assert expected(Pace(30.0, at=0.0), now=5 * HALF_LIFE) == pytest.approx(30 / 32)
    assert expected(None, now=5.0) is None
