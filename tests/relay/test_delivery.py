"""Stages are passed once each; silence is filled; what is ready goes out in one piece."""

import pytest
import trio

from peekd.relay.delivery import CHANNEL_FRAMES, Delivery, Final, Streaming

HEADERS = (("x-mapped-model", "m"),)


def delivery(ping_seconds: float = 10.0) -> Delivery:
    return Delivery(ping=b"ping", ping_seconds=ping_seconds)


async def test_a_whole_answer_reaches_the_http_side(autojump_clock: trio.testing.MockClock) -> None:
    given = delivery()
    final = Final(503, HEADERS, b"{}")
    given.answer(final)
    assert await given.wait_reply() is final
    assert (given.stage, given.shown) == (0, False)


async def test_only_the_first_reply_counts(autojump_clock: trio.testing.MockClock) -> None:
    given = delivery()
    given.begin(HEADERS, early=True)
    given.begin((), early=False)
    given.answer(Final(500, (), b""))
    assert await given.wait_reply() == Streaming(HEADERS)
    assert given.early


async def test_an_answer_leaves_nothing_to_begin(autojump_clock: trio.testing.MockClock) -> None:
    await trio.lowlevel.checkpoint()
    given = delivery()
    given.answer(Final(429, (), b""))
    given.begin(HEADERS, early=True)
    assert given.stage == 0


async def test_silence_is_filled_with_pings_between_pieces(autojump_clock: trio.testing.MockClock) -> None:
    given = delivery(ping_seconds=10.0)
    given.begin(HEADERS, early=True)
    pieces: list[tuple[float, bytes]] = []

    async def read() -> None:
        began = trio.current_time()
        async for piece in given.chunks():
            pieces.append((trio.current_time() - began, piece))  # noqa: PERF401  the time is part of it

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await trio.sleep(25)
        await given.give(b"frame")
        await trio.sleep(12)
        await given.give_last(b"last")
    assert pieces == [(10.0, b"ping"), (20.0, b"ping"), (25.0, b"frame"), (35.0, b"ping"), (37.0, b"last")]


async def test_what_is_ready_goes_out_in_one_piece(autojump_clock: trio.testing.MockClock) -> None:
    given = delivery()
    for frame in (b"a", b"b", b"c"):
        await given.give(frame)
    await given.give_last(b"d")
    assert [piece async for piece in given.chunks()] == [b"abcd"]


async def test_a_client_that_reads_nothing_holds_the_giver_back(
    autojump_clock: trio.testing.MockClock,
) -> None:
    given = delivery()
    for _ in range(CHANNEL_FRAMES):
        await given.give(b"x")
    with trio.move_on_after(1) as waiting:
        await given.give(b"x")
    assert waiting.cancelled_caught
    assert given.shown


async def test_an_end_without_bytes_ends_the_body(autojump_clock: trio.testing.MockClock) -> None:
    given = delivery()
    await given.give_last(b"")
    with pytest.raises(StopAsyncIteration):
        await anext(given.chunks())


async def test_how_long_a_client_has_read_nothing_is_known(autojump_clock: trio.testing.MockClock) -> None:
    given = delivery()
    assert given.unread_seconds() == 0
    for _ in range(CHANNEL_FRAMES):
        await given.give(b"frame")
    assert given.unread_seconds() == 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(given.give, b"one more")
        await trio.sleep(30)
        assert given.unread_seconds() == 30
        await anext(given.chunks())
        await trio.sleep(0.5)
        assert given.unread_seconds() == 30
        await trio.sleep(1)
        assert given.unread_seconds() == 0
