"""Two attempts side by side: who stands for whom, and whose end counts."""

from __future__ import annotations

import pytest
import trio

from peekd.relay.race import Race
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Decision, Step


def step(outcome: o.AnyOutcome) -> Step:
    return Step(outcome, Decision("rotate", ""))


async def test_the_winner_cancels_the_other_and_its_end_counts() -> None:
    await trio.lowlevel.checkpoint()
    race = Race()
    first, second = race.enter(1), race.enter(2)
    assert (race.beside(1, o.Silent()), race.beside(2, o.Silent())) == (2, 1)
    race.win(2)
    assert (first.cancel_called, second.cancel_called, race.told.is_set()) == (True, False, True)
    assert (race.lost(1), race.lost(2), race.was_overtaken(1)) == (True, False, True)
    assert race.beside(2, o.Broken()) == 0
    race.leave(1, None)
    race.leave(2, step(o.Completed()))
    assert race.result().outcome == o.Completed()


@pytest.mark.parametrize("leaves_first", [1, 2])
async def test_of_two_that_fail_the_last_counts_however_they_close(leaves_first: int) -> None:
    await trio.lowlevel.checkpoint()
    race = Race()
    race.enter(1)
    race.enter(2)
    race.fail(1, step(o.Silent()))
    assert race.beside(2, o.Empty()) == 0
    race.fail(2, step(o.Empty()))
    race.leave(leaves_first, step(o.Silent()))
    race.leave(3 - leaves_first, step(o.Empty()))
    assert race.result().outcome == o.Empty()
    assert not race.lost(1)


@pytest.mark.parametrize("outcome", [o.Rejected(), o.TooLarge(), o.Signature()])
async def test_the_requests_own_fault_ends_it(outcome: o.AnyOutcome) -> None:
    await trio.lowlevel.checkpoint()
    race = Race()
    race.enter(1)
    other = race.enter(2)
    assert race.beside(1, outcome) == 0
    race.fail(1, step(outcome))
    assert other.cancel_called
    assert race.was_overtaken(2)
    race.leave(2, None)
    race.leave(1, step(outcome))
    assert race.result().outcome == outcome


async def test_one_that_has_failed_is_not_overtaken() -> None:
    await trio.lowlevel.checkpoint()
    race = Race()
    race.enter(1)
    race.enter(2)
    race.fail(1, step(o.Silent()))
    race.win(2)
    assert race.lost(1)
    assert not race.was_overtaken(1)


def test_without_an_end_there_is_no_result() -> None:
    with pytest.raises(RuntimeError):
        Race().result()


async def test_it_is_told_once_any_has_come_to_something() -> None:
    race = Race()
    race.enter(1)
    assert not race.told.is_set()
    race.fail(1, step(o.Silent()))
    with trio.fail_after(1):
        await race.told.wait()
