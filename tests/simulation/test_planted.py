"""Planted bugs: each can still grow, and the simulation finds them."""

import pytest

from simulation.planted import PLANTS, Plant
from simulation.player import Player

QUICK = {
    "a ping comes too late": "no_silence",
    "the last frame is sent twice": "one_end",
    "answers are not looked at for signatures": "nothing_forgotten",
    "a lease is not given back when the client leaves": "no lease is left",
    "a decision is not written down": "journal_agrees",
    "a request whose client left is not counted": "the metrics agree",
    "a label grows with what clients send": "the metrics agree",
}
"""Those that are found within the first worlds; `./dev simulate --planted` looks for all."""

FEW = range(1, 11)


@pytest.mark.parametrize("plant", PLANTS, ids=[plant.name for plant in PLANTS])
def test_each_plant_grows_and_leaves_no_trace(plant: Plant) -> None:
    before = plant.code
    with plant.grown():
        assert plant.code is not before
    assert plant.code is before


@pytest.mark.parametrize("plant", [plant for plant in PLANTS if plant.name in QUICK])
def test_a_planted_bug_is_found(plant: Plant) -> None:
    with plant.grown():
        worlds = Player().play(FEW)
        assert any(one.law == QUICK[plant.name] for _, broken in worlds for one in broken)


def test_a_plant_whose_text_is_gone_says_so() -> None:
    plant = Plant("no such text", PLANTS[0].place, "this text is not there", "")
    with pytest.raises(LookupError, match="no longer holds"), plant.grown():
        pass
