from __future__ import annotations

import trio
from trio.testing import MockClock as Clock

from peekd.service.lag import LAG_EVERY_SECONDS, measure_lag


async def test_a_task_that_comes_to_its_turn_in_time_has_no_lag(autojump_clock: Clock) -> None:
    seen: list[float] = []
    with trio.move_on_after(3.5 * LAG_EVERY_SECONDS):
        await measure_lag(seen.append)
    assert seen == [0, 0, 0]


async def test_what_held_the_loop_up_shows(mock_clock: Clock) -> None:
    seen: list[float] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(measure_lag, seen.append)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(LAG_EVERY_SECONDS + 0.75)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert seen == [0.75]
