"""The factor between our estimate and an upstream's count: learnt from answers, bounded, lazy."""

from __future__ import annotations

import statistics
from typing import Any

import pytest
from answers import SEAL
from hypothesis import given
from hypothesis import strategies as st
from requested import HELLO, asked_of

from peekd.accounts.wanted import Target
from peekd.protocols.estimate import estimate_prompt
from peekd.relay import calibration
from peekd.relay.asked import Asked
from peekd.relay.calibration import HIGHEST, LOWEST, PRIORS, Calibration
from peekd.relay.calls import Calls

OPUS, HAIKU = Target("up", "claude-opus-5-5"), Target("up", "claude-haiku-4-5")
PROSE = "The daemon waits until the first words of an answer have come, and only then lets them pass. "


class Clock:
    """Set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """A calibration whose upstreams count `ratio` times what we estimate."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.calibration = Calibration(SEAL, self.clock)

    def learn(
        self, ratio: float, *, target: Target = OPUS, words: str = PROSE * 50, seconds: float = 2.0
    ) -> None:
        asked = asking(words)
        self.clock.now += seconds
        self.calibration.note(target, asked, round(estimated(asked) * ratio))

    def factor(self, target: Target = OPUS) -> float:
        return self.calibration.factor(target, "anthropic")


def asking(words: str) -> Asked:
    body: dict[str, Any] = {**HELLO, "messages": [{"role": "user", "content": words}]}
    return asked_of(body)


def estimated(asked: Asked) -> int:
    return estimate_prompt(Calls(asked, SEAL).conversation)


def test_where_nothing_was_learnt_the_familys_prior_holds() -> None:
    desk = Desk()
    assert desk.factor() == PRIORS["anthropic"]
    assert desk.calibration.factor(OPUS, "gemini") == 1.0


def test_it_converges_on_what_the_upstream_reports_whatever_the_requests() -> None:
    desk = Desk()
    for number in range(1, 6):
        desk.learn(1.3, words=PROSE * 40 * number)
        assert desk.factor() == pytest.approx(1.3, rel=0.01)
    fresh = estimated(asking(PROSE * 333))
    assert desk.calibration.corrected(OPUS, "anthropic", fresh) == pytest.approx(fresh * 1.3, rel=0.01)


def test_an_odd_report_among_others_moves_nothing_and_a_change_is_followed() -> None:
    desk = Desk()
    for ratio in (1.2, 1.2, 9.0, 1.2):
        desk.learn(ratio)
        desk.factor()
    assert desk.factor() == pytest.approx(1.2, rel=0.01)
    for _ in range(calibration.KEPT):
        desk.learn(0.8)
        desk.factor()
    assert desk.factor() == pytest.approx(0.8, rel=0.01)


@pytest.mark.parametrize(("ratio", "bound"), [(50.0, HIGHEST), (0.2, LOWEST)])
def test_an_upstream_that_lies_moves_it_no_further_than_the_bounds(ratio: float, bound: float) -> None:
    desk = Desk()
    desk.learn(ratio, words=PROSE * 400)
    assert desk.factor() == bound


def test_models_and_upstreams_are_learnt_apart() -> None:
    desk = Desk()
    desk.learn(1.5)
    desk.learn(0.7, target=HAIKU)
    assert desk.factor() == pytest.approx(1.5, rel=0.01)
    assert desk.factor(HAIKU) == pytest.approx(0.7, rel=0.01)
    assert desk.factor(Target("other", OPUS.model)) == PRIORS["anthropic"]


def test_what_teaches_nothing_is_not_kept() -> None:
    desk = Desk()
    asked = asking(PROSE * 50)
    desk.calibration.note(OPUS, asked, None)
    desk.calibration.note(OPUS, asked, calibration.LEAST - 1)
    desk.calibration.note(OPUS, asking("x" * (calibration.LARGEST + 1)), 100_000)
    desk.clock.now += 2
    desk.calibration.note(OPUS, asked_of({**HELLO, "messages": [{"role": "user", "content": 7}]}), 5_000)
    assert desk.factor() == PRIORS["anthropic"]


def test_of_a_burst_one_request_is_kept_and_of_those_that_wait_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[object] = []

    def estimate(conversation: Any) -> int:
        read.append(conversation)
        return 1_000

    desk = Desk()
    for _ in range(100):
        desk.learn(1.0, seconds=0.001)
    for ratio in (1.1, 1.2, 1.3):
        desk.learn(ratio)
    monkeypatch.setattr(calibration, "estimate_prompt", estimate)
    assert not read  # nothing was read on the way of any answer
    desk.factor()
    assert len(read) == calibration.WAITING
    desk.factor()
    assert len(read) == calibration.WAITING


def test_the_model_that_was_used_least_is_forgotten() -> None:
    desk = Desk()
    for number in range(calibration.MODELS + 1):
        desk.learn(1.5, target=Target("up", f"model-{number}"))
        desk.factor(Target("up", "model-0"))
    assert desk.factor(Target("up", "model-0")) == pytest.approx(1.5, rel=0.01)
    assert desk.factor(Target("up", "model-1")) == PRIORS["anthropic"]


@given(st.lists(st.floats(0.01, 100.0), max_size=12), st.integers(1, 10**7), st.integers(0, 10**6))
def test_a_corrected_estimate_is_at_least_one_and_never_less_for_more(
    ratios: list[float], tokens: int, more: int
) -> None:
    desk = Desk()
    for ratio in ratios:
        desk.learn(ratio)
        desk.factor()
    corrected = [desk.calibration.corrected(OPUS, "anthropic", one) for one in (tokens, tokens + more)]
    assert 1 <= corrected[0] <= corrected[1]
    assert LOWEST <= desk.factor() <= HIGHEST


def test_the_factor_is_the_median_of_the_last_reports() -> None:
    desk, ratios = Desk(), [1.0, 1.1, 1.2, 1.6, 1.9]
    for ratio in ratios:
        desk.learn(ratio)
        desk.factor()
    assert desk.factor() == pytest.approx(statistics.median(ratios), rel=0.01)
