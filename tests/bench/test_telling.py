"""The tables that the benchmark prints, and the marks beside figures."""

from __future__ import annotations

import pytest
from measuring import Figures
from stages import STAGES
from telling import Table, doubt, medians, number, tables

NAMED = {stage.name: stage for stage in STAGES}
GOOD: Figures = {"cpu": 60.0, "upstream": 10.0, "client": 10.0, "rate": 6400.0, "busy": 0.3, "others": 0.0}
PACED: Figures = {**GOOD, "streams": 64, "delay50": 0.2, "delay99": 1.0}


@pytest.mark.parametrize(
    ("change", "mark"),
    [
        ({}, ""),
        ({"rate": 2400.0}, "<"),
        ({"others": 0.4}, "?"),
        ({"busy": 0.95}, "!"),
        ({"upstream": 21.0}, "~"),
        ({"client": 21.0}, "~"),
        ({"cpu": 0.0, "busy": 1.0}, ""),
    ],
)
def test_a_figure_that_is_not_the_systems_own_is_marked(change: Figures, mark: str) -> None:
    assert doubt({**PACED, **change}, NAMED["paced"]) == mark


def test_rounds_that_others_disturbed_count_only_where_there_is_no_other() -> None:
    shaken = {**GOOD, "cpu": 20.0, "others": 0.5}
    told = medians({("a", "x"): [GOOD, shaken, {**GOOD, "cpu": 62.0}], ("b", "x"): [shaken]})
    assert told["a", "x"]["cpu"] == pytest.approx(61.0)
    assert told["b", "x"]["cpu"] == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.0, "0"), (0.0123, "0.012"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1,234"), (60.0, "60")],
)
def test_a_number_has_three_figures(value: float, told: str) -> None:
    assert number(value) == told


def test_columns_stand_under_one_another() -> None:
    told = Table("what", ["", "a", "longer"], [["row", "1", "2"], ["another row", "100", "3"]])
    assert told.text().splitlines() == [
        "what",
        "               a  longer",
        "-" * 24,
        "row            1       2",
        "another row  100       3",
    ]
    assert told.markdown().splitlines()[2:4] == ["|  | a | longer |", "| --- | --- | --- |"]


def test_what_was_measured_is_told_beside_the_others_and_the_goals_that_can_be_judged() -> None:
    measured = {("paced", "peekd"): PACED, ("paced", "relay"): {**PACED, "cpu": 40.0}}
    cpu, goals = tables(measured, ["direct", "relay", "peekd"])
    assert cpu.head == ["", "unit", "load", "relay", "peekd", "/relay"]
    assert cpu.rows == [
        ["an event at 100/s, 64 streams", "\N{MICRO SIGN}s/event", "10 + 10", "40", "60", "1.50x"]
    ]
    assert [row[1:] for row in goals.rows] == [["1.50", "2", "1.35", "must reached, aim not"]]


def test_a_goal_that_rests_on_a_disturbed_stage_says_so() -> None:
    measured = {("paced", "peekd"): PACED, ("paced", "relay"): {**PACED, "cpu": 40.0, "others": 0.5}}
    assert tables(measured, ["relay", "peekd"])[-1].rows[0][-1].endswith("disturbed: measure again")


def test_times_are_told_less_those_of_the_direct_way() -> None:
    first: Figures = {**GOOD, "first50": 1.5, "first99": 3.0}
    direct: Figures = {**GOOD, "cpu": 0.0, "first50": 0.25, "first99": 0.5}
    told = tables({("request", "peekd"): first, ("request", "direct"): direct}, ["direct", "peekd"])
    assert told[1].rows[0][1:] == ["0.250 / 0.500", "1.25 / 2.50"]
