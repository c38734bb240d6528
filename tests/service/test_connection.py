from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
import trio
from quart import Response, request
from quart_trio import QuartTrio

GET = b"GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n"
CLOSING = b"GET /quick HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
Open = Callable[..., Any]


async def answers(site: Any, reading: Any) -> bool:
    """Whether the server still serves whoever comes next."""
    stream = await site.say(CLOSING)
    return (await reading.all(stream)).startswith(b"HTTP/1.1 200")


# ---- connections that stay open ------------------------------------------------------------------------


async def test_one_connection_serves_many_requests(open_site: Open, reading: Any, toy: QuartTrio) -> None:
    async with open_site(toy) as site:
        stream = await site.connect()
        for _ in range(30):
            await stream.send_all(GET)
            assert (await reading.until(stream, b"quick")).startswith(b"HTTP/1.1 200")


async def test_requests_sent_at_once_are_answered_in_turn(
    open_site: Open, reading: Any, toy: QuartTrio
) -> None:
    async with open_site(toy) as site:
        stream = await site.say(GET + GET + CLOSING)
        assert (await reading.all(stream)).count(b"HTTP/1.1 200") == 3


@pytest.mark.parametrize("before", [b"", GET, b"GET /quick HT"])
async def test_a_connection_that_stays_idle_is_closed(
    open_site: Open, reading: Any, toy: QuartTrio, before: bytes
) -> None:
    async with open_site(toy, keep_alive_seconds=0.05, head_seconds=0.05) as site:
        stream = await site.say(before) if before else await site.connect()
        got = await reading.all(stream)
        assert (b"quick" in got) == (before == GET)


async def test_a_head_that_does_not_come_to_its_end_is_a_408_however_it_trickles(
    open_site: Open, reading: Any, toy: QuartTrio
) -> None:
    async with open_site(toy, head_seconds=0.1, keep_alive_seconds=600) as site:
        stream = await site.say(GET + b"GET /quick HTTP/1.1\r\n")
        await reading.until(stream, b"quick")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_trickle, stream)
            got = await reading.all(stream)
            nursery.cancel_scope.cancel()
        assert got.startswith(b"HTTP/1.1 408")
        assert b"connection: close" in got


async def _trickle(stream: trio.SocketStream) -> None:
    with suppress(trio.BrokenResourceError):
        while True:
            await stream.send_all(b"x")
            await trio.sleep(0.01)


async def test_who_has_said_nothing_yet_is_idle_and_not_late(
    open_site: Open, reading: Any, toy: QuartTrio
) -> None:
    async with open_site(toy, head_seconds=0.02, keep_alive_seconds=0.1) as site:
        assert await reading.all(await site.connect()) == b""


async def test_a_long_answer_is_not_idle(open_site: Open, reading: Any, toy: QuartTrio) -> None:
    reached, go_on = trio.Event(), trio.Event()

    async def slow() -> str:
        reached.set()
        await go_on.wait()
        return "slow"

    toy.add_url_rule("/slow", view_func=slow)
    async with open_site(toy, keep_alive_seconds=0.02) as site:
        stream = await site.say(GET.replace(b"quick", b"slow"))
        await reached.wait()
        idle = await site.connect()
        assert await reading.all(idle) == b""  # one that is idle goes meanwhile
        go_on.set()
        assert b"slow" in await reading.until(stream, b"slow")


# ---- clients that stop reading, or go -----------------------------------------------------------------


class Watched:
    """A stream that tells when it is let go of."""

    def __init__(self, piece: bytes, pause: trio.Event | None = None) -> None:
        self.begun, self.ended = trio.Event(), trio.Event()
        self._piece, self._pause = piece, pause

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            if self.begun.is_set() and self._pause is not None:
                await self._pause.wait()
            await trio.lowlevel.checkpoint()
        except trio.Cancelled:
            self.ended.set()
            raise
        self.begun.set()
        return self._piece

    async def aclose(self) -> None:
        self.ended.set()
        await trio.lowlevel.cancel_shielded_checkpoint()


def stream_of(app: QuartTrio, watched: Watched) -> None:
    async def view() -> Response:
        await trio.lowlevel.checkpoint()
        return Response(watched)

    app.add_url_rule("/stream", view_func=view)


STREAM = GET.replace(b"quick", b"stream")


async def test_a_client_that_stops_reading_is_dropped(open_site: Open, toy: QuartTrio) -> None:
    watched = Watched(b"x" * 65536)
    stream_of(toy, watched)
    async with open_site(toy, write_stall_seconds=0.2) as site:
        await site.say(STREAM)
        await watched.ended.wait()
        assert any("stopped reading" in entry.message for entry in site.entries)


async def test_a_client_that_stops_reading_does_not_hold_up_the_end(open_site: Open, toy: QuartTrio) -> None:
    watched = Watched(b"x" * 65536)
    stream_of(toy, watched)
    async with open_site(toy, write_stall_seconds=600) as site:
        await site.say(STREAM)
        await watched.begun.wait()
        site.server.stop()
        site.server.abort()
        await site.ended.wait()
        assert watched.ended.is_set()


@pytest.mark.parametrize("half", [True, False])
async def test_a_client_that_goes_in_mid_stream_ends_it(
    open_site: Open, reading: Any, toy: QuartTrio, *, half: bool
) -> None:
    watched = Watched(b"piece", pause=trio.Event())
    stream_of(toy, watched)
    async with open_site(toy) as site:
        stream = await site.say(STREAM)
        await reading.until(stream, b"piece")
        await (stream.send_eof() if half else stream.aclose())
        await watched.ended.wait()


@pytest.mark.parametrize("behind", [b"", GET, b"GET /next"])
async def test_a_client_that_goes_before_any_header_ends_the_request(
    open_site: Open, toy: QuartTrio, behind: bytes
) -> None:
    begun, ended = trio.Event(), trio.Event()

    async def view() -> str:
        try:
            begun.set()
            await trio.sleep_forever()
        finally:
            ended.set()

    toy.add_url_rule("/never", view_func=view)
    async with open_site(toy) as site:
        stream = await site.say(GET.replace(b"quick", b"never") + behind)
        await begun.wait()
        await stream.aclose()
        await ended.wait()


async def test_a_client_that_goes_while_sending_its_body_ends_the_request(
    open_site: Open, toy: QuartTrio
) -> None:
    begun, ended = trio.Event(), trio.Event()

    async def view() -> bytes:
        try:
            begun.set()
            return await request.body
        finally:
            ended.set()

    toy.add_url_rule("/body", view_func=view, methods=["POST"])
    async with open_site(toy) as site:
        stream = await site.say(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nsome")
        await begun.wait()
        await stream.aclose()
        await ended.wait()


async def test_an_answer_before_the_end_of_a_body_arrives_and_the_rest_is_thrown_away(
    open_site: Open, reading: Any, toy: QuartTrio
) -> None:
    toy.config["MAX_CONTENT_LENGTH"] = 10

    async def view() -> bytes:
        return await request.body

    toy.add_url_rule("/body", view_func=view, methods=["POST"])
    async with open_site(toy) as site:
        stream = await site.say(b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n")
        for _ in range(10):
            await stream.send_all(b"x" * 100_000)
        assert (await reading.all(stream)).startswith(b"HTTP/1.1 413")
        assert await answers(site, reading)


async def test_a_stream_that_breaks_off_is_not_ended_as_if_it_were_whole(
    open_site: Open, reading: Any, toy: QuartTrio
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"piece"
        await trio.lowlevel.checkpoint()
        raise ZeroDivisionError

    async def view() -> Response:
        await trio.lowlevel.checkpoint()
        return Response(pieces())

    toy.add_url_rule("/breaks", view_func=view)
    async with open_site(toy) as site:
        got = await reading.all(await site.say(GET.replace(b"quick", b"breaks")))
        assert got.endswith(b"piece\r\n")
        assert any("ZeroDivisionError" in entry.message for entry in site.entries)
        assert await answers(site, reading)
