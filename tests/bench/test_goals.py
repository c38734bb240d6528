"""Goals: what each compares, and what it says of it."""

from __future__ import annotations

import pytest
from goals import GOALS, Goal
from stages import STAGES

MEDIANS = {
    ("paced", "peekd"): {"cpu": 60.0, "first50": 1.5},
    ("paced", "relay"): {"cpu": 40.0},
    ("paced", "direct"): {"first50": 0.2},
}


def test_a_ratio_a_difference_and_a_figure_as_it_is() -> None:
    assert Goal("", "paced", "cpu", 2.0, over="relay").reached(MEDIANS) == pytest.approx(1.5)
    assert Goal("", "paced", "first50", 2.0, over="direct", added=True).reached(MEDIANS) == pytest.approx(1.3)
    assert Goal("", "paced", "cpu", 2.0).reached(MEDIANS) == pytest.approx(60.0)


def test_what_was_not_measured_says_nothing() -> None:
    assert Goal("", "paced", "cpu", 2.0, over="litellm").reached(MEDIANS) is None
    assert Goal("", "burst", "cpu", 2.0).reached(MEDIANS) is None
    assert Goal("", "paced", "cut50", 2.0).reached(MEDIANS) is None


@pytest.mark.parametrize(
    ("value", "aim", "said"),
    [
        (2.1, 1.0, "NOT reached"),
        (2.0, 1.0, "must reached, aim not"),
        (1.0, 1.0, "aim reached"),
        (2.0, None, "reached"),
        (2.1, None, "NOT reached"),
    ],
)
def test_the_verdict(value: float, aim: float | None, said: str) -> None:
    assert Goal("", "paced", "cpu", 2.0, aim).verdict(value) == said


def test_every_goal_has_a_stage_and_an_aim_beyond_what_it_must() -> None:
    assert {goal.stage for goal in GOALS} <= {stage.name for stage in STAGES}
    assert all(goal.aim < goal.must for goal in GOALS if goal.aim is not None)
