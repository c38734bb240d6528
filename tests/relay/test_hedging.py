"""What all requests share of hedging."""

from __future__ import annotations

from peekd.accounts.wanted import Target
from peekd.healing.hedge import ENOUGH
from peekd.healing.settings import HedgingSettings
from peekd.relay.hedging import MODELS, Hedges


def test_leave_is_had_for_requests_alone() -> None:
    hedges = Hedges(HedgingSettings(max_share=0.5))
    assert not hedges.take()
    hedges.asked()
    assert not hedges.take()
    hedges.asked()
    assert hedges.take()
    assert not hedges.take()


def test_each_model_has_its_own_time_and_the_least_recent_is_forgotten() -> None:
    hedges = Hedges(HedgingSettings(min_seconds=0, max_seconds=60))
    for number in range(MODELS + 1):
        for _ in range(ENOUGH):
            hedges.note(Target("up", f"m{number}"), number + 1.0)
    assert hedges.delay(Target("up", "m0")) == 60
    assert hedges.delay(Target("up", "m1")) == 2
