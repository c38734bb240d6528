"""The memory stream is a trio stream: bounded, half-closeable, and it can be reset."""

from __future__ import annotations

import pytest
import trio
from trio.testing import check_half_closeable_stream, wait_all_tasks_blocked

from peekd.simulator.streams import MemoryStream, open_pair


async def _pair() -> tuple[MemoryStream, MemoryStream]:
    await trio.lowlevel.checkpoint()
    return open_pair()


async def _clogged() -> tuple[MemoryStream, MemoryStream]:
    left, right = open_pair(capacity=64)
    await left.send_all(bytes(64))
    await right.send_all(bytes(64))
    return left, right


async def test_it_keeps_the_rules_of_every_trio_stream() -> None:
    await check_half_closeable_stream(_pair, _clogged)


async def test_each_write_arrives_as_one_piece() -> None:
    left, right = open_pair()
    await left.send_all(b"one")
    await left.send_all(b"two")
    assert [await right.receive_some(), await right.receive_some()] == [b"one", b"two"]


async def test_a_peer_that_does_not_read_blocks_the_writer() -> None:
    left, right = open_pair(capacity=4)
    sent = trio.Event()

    async def send() -> None:
        await left.send_all(b"123456")
        sent.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await wait_all_tasks_blocked()
        assert not sent.is_set()
        assert await right.receive_some() == b"1234"
        await sent.wait()
        assert await right.receive_some() == b"56"


async def test_a_reset_breaks_the_peer_after_what_was_under_way() -> None:
    left, right = open_pair()
    await left.send_all(b"last words")
    left.reset()
    assert await right.receive_some() == b"last words"
    with pytest.raises(trio.BrokenResourceError):
        await right.receive_some()
    with pytest.raises(trio.BrokenResourceError):
        await right.send_all(b"x")
    with pytest.raises(trio.ClosedResourceError):
        await left.receive_some()


async def test_a_reset_wakes_a_peer_that_waits() -> None:
    left, right = open_pair()

    async def receive() -> None:
        with pytest.raises(trio.BrokenResourceError):
            await right.receive_some()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        await wait_all_tasks_blocked()
        left.reset()


async def test_a_write_that_does_not_wait_takes_what_there_is_room_for() -> None:
    ours, theirs = open_pair(capacity=4)
    assert ours.send_nowait(b"012345") == 4
    with pytest.raises(BlockingIOError):
        ours.send_nowait(b"x")
    assert await theirs.receive_some() == b"0123"
    theirs.close()
    with pytest.raises(trio.BrokenResourceError):
        ours.send_nowait(b"x")
