"""A client may leave at any moment: nothing stays open, nobody is blamed, and the record is closed."""

import pytest
import trio
from playhouse import HELLO, open_playhouse
from typing_extensions import override

from peekd.relay.delivery import Delivery
from peekd.relay.journey import Journey


class Checkpoints(trio.abc.Instrument):
    """Cancels a scope when trio has run so many steps since it was set."""

    def __init__(self, steps: int) -> None:
        self.scope = trio.CancelScope()
        self.left = steps

    @override
    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.left -= 1
        if self.left == 0:
            self.scope.cancel()


ACTS = ["answer text=Hello", "429", "503", "empty", "cut", "signature", "answer tool=Bash"]


@pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("act", ACTS)
async def test_a_client_that_leaves_at_any_step_leaves_nothing_behind(
    autojump_clock: trio.testing.MockClock, act: str, protocol: str, *, stream: bool
) -> None:
    plays = {"alice": [act], "bob": [act, "answer"]}
    for steps in range(1, 60):
        async with open_playhouse(plays, protocol=protocol) as house:
            asked = house.asked({**HELLO, "stream": stream}, {}, "/v1/messages")
            delivery = Delivery(ping=b"", ping_seconds=10)
            checkpoints = Checkpoints(steps)
            trio.lowlevel.add_instrument(checkpoints)
            try:
                with checkpoints.scope:
                    await Journey(house.house, asked, delivery).run()
            finally:
                trio.lowlevel.remove_instrument(checkpoints)
            await trio.testing.wait_all_tasks_blocked()
            house.assert_nothing_left()
            record = house.house.live.find(asked.id)
            assert record is not None
            assert record.outcome
            if checkpoints.scope.cancelled_caught:
                assert record.outcome in {"client_gone", "completed"}
                assert all(attempt.ended is not None for attempt in record.attempts)
