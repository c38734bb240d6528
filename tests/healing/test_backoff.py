"""Pauses are fixed, or grow as the rule says, capped and jittered upwards only; never shorter than told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.healing.backoff import JITTER_SHARE, pause
from peekd.healing.policy import POLICY, Rule


@pytest.mark.parametrize(
    ("rule", "pauses"),
    [
        (Rule((), pace="fixed", base=0.2), [0.2, 0.2, 0.2]),
        (Rule((), pace="linear", base=0.5), [0.5, 1.0, 1.5]),
        (Rule((), pace="exponential", base=1.0, cap=3.0), [1.0, 2.0, 3.0]),
        (Rule((), base=9.0), [0.0, 0.0, 0.0]),
    ],
)
def test_each_pace_grows_in_its_own_way(rule: Rule, pauses: list[float]) -> None:
    assert [pause(rule, nth, told=None, jitter=0.0) for nth in (1, 2, 3)] == pytest.approx(pauses)


@given(jitter=st.floats(0, 1), base=st.floats(0, 100))
def test_a_fixed_pause_is_exactly_what_it_says(jitter: float, base: float) -> None:
    assert pause(Rule((), pace="fixed", base=base), 1, told=None, jitter=jitter) == base
    assert pause(POLICY["signature"], 1, told=None, jitter=jitter) == 0.2


@given(nth=st.integers(1, 50), jitter=st.floats(0, 1), told=st.none() | st.floats(0, 1000))
def test_a_pause_lies_between_what_was_told_and_the_jittered_cap(
    nth: int, jitter: float, told: float | None
) -> None:
    for rule in POLICY.values():
        seconds = pause(rule, nth, told=told, jitter=jitter)
        assert (told or 0.0) <= seconds <= max(told or 0.0, rule.cap * (1 + JITTER_SHARE))
