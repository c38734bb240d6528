"""Connections in memory deliver what was sent, whole and in order, and end in all the ways there are."""

import pytest
import trio

from simulation.dice import Dice
from simulation.wire import Harbour, Line, Manner, connect

Clock = trio.testing.MockClock
ROUGH = Manner(latency=(0.0, 0.5), hiccup=0.3, late=3.0, cuts=0.8, room=100)


async def read_all(line: Line) -> bytes:
    got = b""
    while data := await line.receive_some():
        got += data
    return got


async def test_bytes_arrive_whole_and_in_order_however_rough_the_way(autojump_clock: Clock) -> None:
    said = bytes(range(256)) * 20
    for seed in range(20):
        ours, theirs = connect(Dice(seed), ROUGH)
        async with trio.open_nursery() as nursery:

            async def speak(line: Line = ours) -> None:
                await line.send_all(said)
                line.finish()

            nursery.start_soon(speak)
            assert await read_all(theirs) == said
    assert trio.current_time() > 1


async def test_a_half_close_ends_one_direction_alone(autojump_clock: Clock) -> None:
    ours, theirs = connect(Dice(1), Manner())
    ours.finish()
    assert await theirs.receive_some() == b""
    await theirs.send_all(b"still here")
    theirs.close()
    assert await read_all(ours) == b"still here"
    with pytest.raises(trio.ClosedResourceError):
        await ours.send_all(b"too late")


async def test_a_reset_is_felt_by_both_sides_and_may_lose_what_was_under_way(autojump_clock: Clock) -> None:
    for spills in (True, False):
        ours, theirs = connect(Dice(1), Manner(latency=(0.1, 0.1), spills=spills, cuts=0.0))
        await ours.send_all(b"last words")
        ours.reset()
        await trio.sleep(1)
        if not spills:
            assert await theirs.receive_some() == b"last words"
        with pytest.raises(trio.BrokenResourceError):
            await theirs.receive_some()
        with pytest.raises(trio.BrokenResourceError):
            await theirs.send_all(b"hello?")


async def test_a_reader_that_does_not_read_is_felt_by_the_writer(autojump_clock: Clock) -> None:
    ours, _ = connect(Dice(1), Manner(room=10))
    with trio.move_on_after(5) as patience:
        await ours.send_all(b"0123456789abc")
    assert patience.cancelled_caught
    assert bytes(ours.sent) == b"0123456789"


async def test_two_tasks_may_not_read_at_once(autojump_clock: Clock) -> None:
    ours, _ = connect(Dice(1), Manner())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ours.receive_some)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.BusyResourceError):
            await ours.receive_some()
        nursery.cancel_scope.cancel()


async def test_a_closed_harbour_refuses(autojump_clock: Clock) -> None:
    harbour = Harbour()
    _, theirs = connect(Dice(1), Manner())
    harbour.enter(theirs)
    await harbour.aclose()
    assert theirs.closed_at is not None
    with pytest.raises(ConnectionRefusedError):
        harbour.enter(theirs)


async def test_a_harbour_without_descriptors_keeps_who_waits_until_it_has_some(autojump_clock: Clock) -> None:
    harbour = Harbour()
    _, theirs = connect(Dice(1), Manner())
    harbour.enter(theirs)
    harbour.starved_until = trio.current_time() + 1
    with pytest.raises(OSError, match="Too many open files"):
        await harbour.accept()
    await trio.sleep(1)
    assert (await harbour.accept()).socket.getpeername()[0] == "127.0.0.1"
