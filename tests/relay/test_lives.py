"""Time is up for those who are there, and for nobody after them."""

import trio

from peekd.relay.lives import Lives


async def test_every_open_life_ends_and_later_ones_do_not(autojump_clock: trio.testing.MockClock) -> None:
    lives, ended = Lives(), list[str]()

    async def live(name: str, seconds: float) -> None:
        with lives.open() as life:
            await trio.sleep(seconds)
        lives.close(life)
        ended.append(f"{name} {'cut' if life.cancelled_caught else 'whole'}")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(live, "short", 1)
        nursery.start_soon(live, "long", 10)
        await trio.sleep(5)
        lives.cut()
        nursery.start_soon(live, "later", 10)
    assert ended == ["short whole", "long cut", "later whole"]
