"""A short day with fewer accounts: what each mode must do better than plain turns, whatever the seed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest
from typing_extensions import override

from peekd.accounts.storms import MANY
from peekd.vocabulary import outcomes as o
from scheduling.cost import told
from scheduling.day import Chooser, Day
from scheduling.figures import MODES, TURNS, Figures, compare, gini, played, table
from scheduling.provider import HOUR, Answer, Outage, Provider

SEEDS = (1, 2)


@cache
def day(seed: int) -> Mapping[str, Figures]:
    return compare(accounts=16, hours=8.0, requests=900, seed=seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mode", MODES)
def test_each_mode_answers_more_and_wastes_less_than_plain_turns(mode: str, seed: int) -> None:
    ours, plain = day(seed)[mode], day(seed)[TURNS]
    assert ours.requests == plain.requests
    assert ours.success >= plain.success
    assert ours.wasted < plain.wasted * 0.75


@pytest.mark.parametrize("seed", SEEDS)
def test_sessions_stay_where_their_prompts_are(seed: int) -> None:
    for mode in ("cache-first", "balance"):
        assert day(seed)[mode].stays > 90
        assert day(seed)[mode].cached > 80
    assert day(seed)[TURNS].stays < 10


@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_word_comes_sooner(seed: int) -> None:
    for mode in MODES:
        assert day(seed)[mode].first_50 < day(seed)[TURNS].first_50


def test_the_same_seed_is_the_same_day() -> None:
    one, other = (played("balance", accounts=5, hours=1.0, requests=60, seed=9) for _ in range(2))
    assert one == other


class Watched(Provider):
    """Notes who met the outage."""

    def __init__(self, accounts: int, seconds: float, seed: int) -> None:
        super().__init__(accounts, seconds, seed)
        self.burnt: set[str] = set()

    @override
    def answer(self, number: int, session: int, now: float) -> Answer:
        """Answer, and note."""
        if now < self.outages[0].ends:
            self.burnt.add(self.vendors[number].name)
        return super().answer(number, session, now)


@pytest.mark.parametrize(
    "outcome", [o.Overloaded(status=529), o.QuotaExhausted(status=429), o.Unreachable(), o.ServerError()]
)
def test_no_outage_burns_the_pool(outcome: o.AnyOutcome) -> None:
    """Ten minutes of outage under load: a handful of accounts meet it, and none rests for long."""
    provider = Watched(50, HOUR, 3)
    provider.outages[:] = [Outage(0.0, 600.0, outcome)]
    chooser = Chooser(provider, "balance")
    Day(provider, chooser, requests=300, seconds=1200.0, seed=3).play()
    assert MANY <= len(provider.burnt) <= 30
    for health in chooser.pool.health.values():
        assert all(streak.count <= 2 for streak in health.streaks)


def test_a_figure_for_how_uneven_the_load_is() -> None:
    assert gini([]) == 0.0
    assert gini([2, 2]) == pytest.approx(0.0)
    assert gini([0, 0, 0, 8]) == pytest.approx(0.75)


def test_what_choosing_costs_is_measured() -> None:
    line = told(3, "balance")
    assert line.startswith("balance, 3 accounts: lease ")
    assert line.count(" us") == 3


def test_the_table_has_a_row_for_each() -> None:
    rows = table(day(1)).splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == [TURNS, *MODES]
