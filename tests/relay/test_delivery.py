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


class Way:
    """A lane that takes so many bytes before it owes the rest."""

    def __init__(self, room: int = 1000) -> None:
        self.room = room
        self.sent: list[bytes] = []
        self.held = 0
        self.owed = b""

    def hold(self) -> None:
        self.held += 1

    def send_nowait(self, piece: bytes) -> bool:
        if self.owed:
            return False
        taken, self.owed = piece[: self.room], piece[self.room :]
        self.room -= len(taken)
        self.sent.append(taken)
        return True

    async def drain(self) -> None:
        await trio.sleep(1)
        self.sent.append(self.owed)
        self.owed, self.room = b"", 1000


async def collect(given: Delivery, pieces: list[bytes]) -> None:
    async for piece in given.chunks():
        pieces.append(piece)  # noqa: PERF401  what came before a cancellation counts


async def test_frames_take_the_lane_while_the_http_side_has_nothing_to_write(
    autojump_clock: trio.testing.MockClock,
) -> None:
    way, pieces = Way(), list[bytes]()
    given = Delivery(ping=b"ping", ping_seconds=10, lane=way)
    assert not given.give_nowait(b"too early")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(collect, given, pieces)
        await trio.testing.wait_all_tasks_blocked()
        assert given.give_nowait(b"a")
        await given.give(b"b")
        await given.give_last(b"c")
    assert (way.sent, pieces) == ([b"a", b"b"], [b"c"])
    assert (given.stage, given.given) == (2, 2)


async def test_frames_on_the_lane_put_the_next_ping_off(autojump_clock: trio.testing.MockClock) -> None:
    way, pieces = Way(), list[bytes]()
    given = Delivery(ping=b"ping", ping_seconds=10, lane=way)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(collect, given, pieces)
        for _ in range(5):
            await trio.sleep(9)
            assert given.give_nowait(b"a")
        assert pieces == []
        await trio.sleep(10.5)
        assert pieces == [b"ping"]
        nursery.cancel_scope.cancel()


async def test_what_the_lane_owes_is_drained_by_the_http_side_before_all_that_follows(
    autojump_clock: trio.testing.MockClock,
) -> None:
    way, pieces = Way(room=4), list[bytes]()
    given = Delivery(ping=b"ping", ping_seconds=10, lane=way)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(collect, given, pieces)
        await trio.testing.wait_all_tasks_blocked()
        assert given.give_nowait(b"0123456789")
        assert not given.give_nowait(b"later")
        await given.give(b"later")
        await trio.sleep(2)
        assert (way.sent, pieces) == ([b"0123", b"456789"], [b"later"])
        nursery.cancel_scope.cancel()


async def test_the_last_piece_may_wait_for_the_end_of_the_body(
    autojump_clock: trio.testing.MockClock,
) -> None:
    way, pieces = Way(), list[bytes]()
    given = Delivery(ping=b"ping", ping_seconds=10, lane=way)
    await given.give(b"a")
    await given.give_last(b"b")
    await collect(given, pieces)
    assert pieces == [b"ab"]
    assert way.held == 2  # head and last piece


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
