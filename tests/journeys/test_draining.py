"""When the time to drain is over, whoever still waits is told so: never a cut without a word."""

import pytest
import trio
from playhouse import HELLO, Playhouse, Told, open_playhouse

Clock = trio.testing.MockClock


async def asked_until_cut(house: Playhouse, seconds: float, *, stream: bool = True) -> Told:
    """Ask, and let peekd's time be over so many seconds later."""
    told: list[Told] = []

    async def ask() -> None:
        told.append(await house.ask(HELLO, stream=stream))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.sleep(seconds)
        house.house.draining = True
        house.house.lives.cut()
    return told[0]


@pytest.mark.parametrize("stream", [True, False])
async def test_before_anything_was_said_it_is_a_503_with_a_time(
    autojump_clock: Clock, *, stream: bool
) -> None:
    async with open_playhouse({"alice": ["silence"]}) as house:
        told = await asked_until_cut(house, 5, stream=stream)
        assert (told.status, told.headers["retry-after"]) == (503, "1")
        assert "peekd is stopping" in told.json["error"]["message"]
        assert (told.record.outcome, told.record.status) == ("drained", 503)
        house.assert_nothing_left()


async def test_in_the_middle_of_an_answer_it_is_an_error_in_the_stream(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["stall"]}) as house:
        told = await asked_until_cut(house, 5)
        assert told.kinds[-1] == "error"
        assert "peekd is stopping" in told.events[-1]["error"]["message"]
        assert told.record.outcome == "drained"
        house.assert_nothing_left()


async def test_nobody_is_blamed_for_it(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["silence"]}) as house:
        await asked_until_cut(house, 5)
        assert all(state.usable and not state.cause for state in house.house.roster.states())


async def test_a_request_that_is_over_is_not_told_twice(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer text=Hello"]}) as house:
        told = await house.ask()
        house.house.lives.cut()
        assert (told.status, told.record.outcome) == (200, "completed")
