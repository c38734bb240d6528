from __future__ import annotations

from functools import partial

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from peekd.relay.alarms import Alarms

times = st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.integers(0, 20)), max_size=12)


@settings(max_examples=60, deadline=None)
@given(times)
def test_each_that_is_not_dropped_before_rings_once_at_its_time(
    told: list[tuple[int, bool, int]],
) -> None:
    """Each is set at one time, for some seconds later, and may be dropped at once."""
    rung: list[tuple[int, float]] = []

    async def main() -> None:
        alarms = Alarms()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(alarms.run)

            async def one(number: int, begin: int, seconds: int, *, dropped: bool) -> None:
                await trio.sleep(begin)
                alarm = alarms.set(
                    trio.current_time() + seconds, lambda: rung.append((number, trio.current_time()))
                )
                if dropped:
                    alarm.drop()

            for number, (begin, dropped, seconds) in enumerate(told):
                nursery.start_soon(partial(one, number, begin, seconds, dropped=dropped))
            await trio.sleep(100)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert sorted(rung) == [
        (number, begin + seconds) for number, (begin, dropped, seconds) in enumerate(told) if not dropped
    ]


async def test_what_is_dropped_before_the_next_is_set_is_not_kept(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    alarms = Alarms()
    nursery.start_soon(alarms.run)
    for _ in range(1000):
        alarms.set(trio.current_time() + 15, lambda: None).drop()
        await trio.sleep(0.001)
    assert len(vars(alarms)["_alarms"]) == 1


class Steps(trio.abc.Instrument):
    """When the task of the alarms came to its turn."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    @override
    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Note a step."""
        if task.name.endswith("Alarms.run"):
            self.taken.append(trio.current_time())


async def test_many_that_end_in_time_wake_the_task_once(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    alarms, steps = Alarms(), Steps()
    nursery.start_soon(alarms.run)
    await trio.testing.wait_all_tasks_blocked()
    trio.lowlevel.add_instrument(steps)
    began = trio.current_time()
    for _ in range(14):
        alarm = alarms.set(trio.current_time() + 15, lambda: None)
        await trio.sleep(1)
        alarm.drop()
    trio.lowlevel.remove_instrument(steps)
    assert steps.taken == [began]
