"""Frames go past Quart and hypercorn, and the bytes on the wire are what they would have been."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import trio
from quart import Response, request
from quart_trio import QuartTrio

from peekd.relay.delivery import LANE, Delivery
from peekd.service.lane import Lane, Turn, chunk
from peekd.simulator.streams import MemoryStream, open_pair

GET = b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
MIB = 1024 * 1024
Open = Callable[..., Any]


class _Gone:
    """A socket that cannot be written to."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    def send_nowait(self, _data: bytes) -> int:
        raise self._fault


class Ends:
    """A lane into memory, what it was told of, and the peer that reads."""

    def __init__(self, capacity: int = 65536, fault: Exception | None = None) -> None:
        ours, self.peer = open_pair(capacity)
        self.writing = Turn()
        self.written: list[bytes] = []
        self.lost: list[Exception] = []

        class _Stream:
            socket = ours if fault is None else _Gone(fault)

        stream: Any = _Stream()
        self.ours: MemoryStream = ours
        self.lane = Lane(stream, self.writing, self._write, self.lost.append)
        self.lane.open = True

    async def _write(self, data: bytes) -> None:
        await self.ours.send_all(data)


async def test_a_piece_goes_out_at_once_as_a_chunk() -> None:
    ends = Ends()
    assert ends.lane.send_nowait(b"data: 1\n\n")
    assert await ends.peer.receive_some() == chunk(b"data: 1\n\n")
    assert not ends.lane.owed


async def test_nothing_is_written_where_no_body_is_under_way_or_somebody_else_writes() -> None:
    ends = Ends()
    ends.lane.open = False
    assert not ends.lane.send_nowait(b"x")
    ends.lane.open = True
    async with ends.writing:
        assert not ends.lane.send_nowait(b"x")
    assert ends.lane.send_nowait(b"y")
    assert await ends.peer.receive_some() == chunk(b"y")


async def test_one_writes_at_a_time_and_who_is_cancelled_while_waiting_has_no_turn(
    autojump_clock: trio.testing.MockClock,
) -> None:
    turn, wrote = Turn(), list[str]()

    async def write(name: str, patience: float) -> None:
        with trio.move_on_after(patience):
            async with turn:
                wrote.append(f"{name} begins")
                await trio.sleep(10)
                wrote.append(f"{name} ends")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write, "first", 100)
        await trio.sleep(1)
        for name, patience in (("second", 100), ("impatient", 5), ("third", 100)):
            nursery.start_soon(write, name, patience)
    waited = [said.split()[0] for said in wrote[2::2]]
    assert wrote[:2] == ["first begins", "first ends"]
    assert sorted(waited) == ["second", "third"]
    assert wrote[2:] == [f"{name} {what}" for name in waited for what in ("begins", "ends")]
    assert not turn.taken


async def test_a_free_turn_is_taken_before_any_other_task_runs() -> None:
    turn, ran = Turn(), list[str]()

    async def other() -> None:
        ran.append("other")
        await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        async with turn:
            assert not ran


async def test_an_empty_piece_does_not_end_the_body() -> None:
    ends = Ends()
    assert ends.lane.send_nowait(b"")
    assert ends.lane.send_nowait(b"x")
    assert await ends.peer.receive_some() == chunk(b"x")


async def test_what_the_peer_does_not_take_is_owed_and_nothing_overtakes_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ends = Ends(capacity=4)
    assert ends.lane.send_nowait(b"0123456789")
    assert ends.lane.owed
    assert not ends.lane.send_nowait(b"later")
    got = b""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ends.lane.drain)
        while len(got) < len(chunk(b"0123456789")):
            got += await ends.peer.receive_some()
    assert got == chunk(b"0123456789")
    assert not ends.lane.owed


async def test_a_full_peer_is_owed_the_whole_piece(autojump_clock: trio.testing.MockClock) -> None:
    ends = Ends(capacity=1)
    await ends.ours.send_all(b"x")
    assert ends.lane.send_nowait(b"piece")
    assert await ends.peer.receive_some() == b"x"
    assert ends.lane.joined(b"!") == chunk(b"piece") + b"!"


async def test_a_peer_that_is_gone_is_told_once_and_owed_nothing() -> None:
    await trio.lowlevel.checkpoint()
    ends = Ends(fault=BrokenPipeError("gone"))
    assert ends.lane.send_nowait(b"x")
    assert [str(fault) for fault in ends.lost] == ["gone"]
    assert not ends.lane.owed


async def test_what_is_held_goes_out_with_what_follows() -> None:
    await trio.lowlevel.checkpoint()
    lane = Ends().lane
    lane.hold()
    assert lane.joined(b"head ") == b""
    assert lane.owed
    assert lane.joined(b"body ") == b"head body "
    assert lane.joined(b"end") == b"end"


async def test_what_is_held_goes_out_with_a_drain() -> None:
    ends = Ends()
    ends.lane.hold()
    assert ends.lane.joined(b"head") == b""
    await ends.lane.drain()
    assert await ends.peer.receive_some() == b"head"


async def test_a_hold_does_not_outlive_its_request() -> None:
    await trio.lowlevel.checkpoint()
    lane = Ends().lane
    lane.hold()
    lane.renew()
    assert lane.joined(b"head") == b"head"
    assert not lane.open


# ---- on a socket ----------------------------------------------------------------------------------


def streaming(
    give: Callable[[Delivery], Any], ping_seconds: float = 60.0, *, first: bool = False
) -> QuartTrio:
    """An app whose one page streams what `give` gives a delivery, beside it or `first`."""
    app = QuartTrio("streaming")
    app.config["RESPONSE_TIMEOUT"] = None

    async def page() -> Response:
        await trio.lowlevel.checkpoint()
        scope: Any = request.scope
        delivery = Delivery(ping=b"<ping>", ping_seconds=ping_seconds, lane=scope["state"][LANE])
        chunks: AsyncIterator[bytes] = delivery.chunks()
        if first:
            await give(delivery)
        else:
            app.nursery.start_soon(give, delivery)
        response = Response(chunks, 200)
        response.timeout = None
        return response

    app.add_url_rule("/stream", view_func=page, methods=["GET"])
    return app


def body_of(answer: bytes) -> bytes:
    """The chunks of an answer put together; every one must be framed as it ought to be."""
    rest, body = answer.partition(b"\r\n\r\n")[2], b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        body, mark, rest = body + rest[:length], rest[length : length + 2], rest[length + 2 :]
        assert mark == b"\r\n"
        if not length:
            assert rest == b""
            return body


async def test_pieces_by_the_lane_and_by_the_app_come_in_their_order(open_site: Open, reading: Any) -> None:
    frames = [b"<%d>" % number for number in range(400)]

    async def give(delivery: Delivery) -> None:
        for number, frame in enumerate(frames):
            if number % 7 == 0:
                await trio.lowlevel.checkpoint()
            await delivery.give(frame)
        await delivery.give_last(b"<end>")

    app = streaming(give)
    async with trio.open_nursery() as app.nursery, open_site(app) as site:
        stream = await site.say(GET)
        assert body_of(await reading.until(stream, b"0\r\n\r\n")) == b"".join(frames) + b"<end>"


async def test_a_client_that_reads_late_gets_every_byte_in_order(open_site: Open, reading: Any) -> None:
    frames = [b"<%06d>" % number + b"x" * 65536 for number in range(300)]
    taken = trio.Event()

    async def give(delivery: Delivery) -> None:
        for number, frame in enumerate(frames):
            await delivery.give(frame)
            if number == 4:
                taken.set()
        await delivery.give_last(b"<end>")

    app = streaming(give, ping_seconds=0.01)
    async with trio.open_nursery() as app.nursery, open_site(app) as site:
        stream = await site.say(GET)
        await taken.wait()
        body = body_of(await reading.until(stream, b"\r\n0\r\n\r\n"))
    assert body.replace(b"<ping>", b"") == b"".join(frames) + b"<end>"


async def test_head_first_words_and_end_are_written_together(open_site: Open) -> None:
    async def give(delivery: Delivery) -> None:
        await delivery.give(b"words")
        await delivery.give_last(b" and end")

    app = streaming(give, first=True)
    async with trio.open_nursery() as app.nursery, open_site(app) as site:
        stream = await site.say(GET)
        got = await stream.receive_some()
    assert got.startswith(b"HTTP/1.1 200")
    assert body_of(got) == b"words and end"


async def test_headers_do_not_wait_for_words_that_are_not_there(open_site: Open, reading: Any) -> None:
    go_on = trio.Event()

    async def give(delivery: Delivery) -> None:
        await go_on.wait()
        await delivery.give_last(b"words")

    app = streaming(give)
    async with trio.open_nursery() as app.nursery, open_site(app) as site:
        stream = await site.say(GET)
        head = await reading.until(stream, b"\r\n\r\n")
        assert head.endswith(b"\r\n\r\n")
        go_on.set()
        assert body_of(head + await reading.until(stream, b"0\r\n\r\n")) == b"words"


async def test_a_whole_answer_is_one_write(open_site: Open, toy: QuartTrio) -> None:
    async with open_site(toy) as site:
        stream = await site.say(b"GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await stream.receive_some()).endswith(b"\r\n\r\nquick")


@pytest.mark.parametrize("method", [b"HEAD", b"OPTIONS"])
async def test_an_answer_without_a_body_is_not_held_back(
    open_site: Open, reading: Any, toy: QuartTrio, method: bytes
) -> None:
    async with open_site(toy) as site:
        stream = await site.say(method + b" /quick HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reading.until(stream, b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
