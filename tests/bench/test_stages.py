"""The table of stages."""

from __future__ import annotations

import pytest
from stages import SETTLE, STAGES, Stage
from systems import FLOWS


def test_each_stage_has_a_name_of_its_own_and_a_way_that_there_is() -> None:
    assert len({stage.name for stage in STAGES}) == len(STAGES)
    assert {stage.flow for stage in STAGES} == set(FLOWS)


@pytest.mark.parametrize("hurry", [1.0, 0.25])
@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage.once], ids=lambda stage: stage.name)
def test_streams_last_longer_than_is_measured(stage: Stage, hurry: float) -> None:
    _, events, rate = stage.model(hurry).split("-")
    lasts = int(events) / float(rate)
    assert lasts >= (stage.opening + SETTLE + stage.seconds) * hurry


def test_a_burst_says_how_many_pieces_and_no_pace() -> None:
    assert {stage.model() for stage in STAGES if stage.name.startswith("burst")} == {"sim-500-0"}


def test_memory_is_measured_before_any_load() -> None:
    assert [stage.name for stage in STAGES[:2]] == ["start", "idle"]
