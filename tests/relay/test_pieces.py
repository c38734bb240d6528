"""Pieces keep their order, are joined where they lie, and hold back whoever puts too many."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from peekd.relay.pieces import Pieces


def test_what_lies_there_is_taken_as_one() -> None:
    pieces = Pieces(3)
    assert pieces.take() == b""
    assert pieces.put_nowait(b"a")
    assert pieces.put_nowait(b"b")
    assert pieces.take() == b"ab"
    assert pieces.take() == b""


def test_there_is_an_end_when_all_is_taken_and_none_follows() -> None:
    pieces = Pieces(1)
    assert pieces.put_nowait(b"a")
    pieces.close()
    assert not pieces.ended
    assert pieces.take() == b"a"
    assert pieces.ended


async def test_who_takes_waits_for_a_piece_or_for_the_end(autojump_clock: trio.testing.MockClock) -> None:
    pieces = Pieces(1)
    with trio.move_on_after(1) as patience:
        await pieces.wait()
    assert patience.cancelled_caught
    for stir in (lambda: pieces.put_nowait(b""), pieces.close):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pieces.wait)
            await trio.testing.wait_all_tasks_blocked()
            stir()
        pieces.take()


async def test_who_puts_too_many_waits_for_room(autojump_clock: trio.testing.MockClock) -> None:
    pieces = Pieces(2)
    await pieces.put(b"a")
    await pieces.put(b"b")
    assert not pieces.put_nowait(b"x")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pieces.put, b"c")
        await trio.testing.wait_all_tasks_blocked()
        assert pieces.take() == b"ab"
    assert pieces.take() == b"c"


@pytest.mark.usefixtures("autojump_clock")
async def test_who_is_cancelled_while_waiting_for_room_has_put_nothing() -> None:
    pieces = Pieces(1)
    await pieces.put(b"a")
    with trio.move_on_after(1):
        await pieces.put(b"b")
    assert pieces.take() == b"a"
    assert pieces.take() == b""
