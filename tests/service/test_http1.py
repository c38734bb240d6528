from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
import trio
from quart import request
from quart_trio import QuartTrio

GET = b"GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n"
CLOSING = b"GET /quick HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
Open = Callable[..., Any]


async def answers(site: Any, reading: Any) -> bool:
    """Whether the server still serves whoever comes next."""
    stream = await site.say(CLOSING)
    return (await reading.all(stream)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "odd",
    [
        b"GET /quick HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x85trailing",
        b"GET /quick HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nGET",
        b"GET /quick HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 40,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(64),
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET /quick HTTP/1.1\r\nContent-Length: x\r\nHost: a\r\n\r\n",
        b"POST /quick HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET ?x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
async def test_odd_requests_are_survived(open_site: Open, reading: Any, toy: QuartTrio, odd: bytes) -> None:
    async with open_site(toy) as site:
        stream = await site.say(odd)
        await stream.send_eof()
        await reading.all(stream)
        assert await answers(site, reading)


async def test_what_cannot_be_parsed_is_a_400(open_site: Open, reading: Any, toy: QuartTrio) -> None:
    async with open_site(toy) as site:
        stream = await site.say(b"GET /quick HTTP/1.1\r\nbroken header\r\n\r\n")
        assert (await reading.all(stream)).startswith(b"HTTP/1.1 400")


async def test_headers_of_sixty_kilobytes_pass_and_more_are_refused(
    open_site: Open, reading: Any, toy: QuartTrio
) -> None:
    async with open_site(toy) as site:
        large = b"X-Large: " + b"x" * 60_000 + b"\r\nConnection: close\r\n\r\n"
        passed = await site.say(b"GET /quick HTTP/1.1\r\nHost: a\r\n" + large)
        assert (await reading.all(passed)).startswith(b"HTTP/1.1 200")
        refused = await site.say(b"GET /quick HTTP/1.1\r\nHost: a\r\nX-Larger: " + b"x" * 70_000)
        assert (await reading.all(refused)).startswith(b"HTTP/1.1 431")


async def test_answers_say_nothing_of_the_server_behind_them(
    open_site: Open, reading: Any, toy: QuartTrio
) -> None:
    async with open_site(toy) as site:
        head = (await reading.all(await site.say(CLOSING))).partition(b"\r\n\r\n")[0].lower()
        assert b"server:" not in head
        assert b"date:" not in head


async def test_a_target_in_absolute_form_is_served(open_site: Open, reading: Any, toy: QuartTrio) -> None:
    async with open_site(toy) as site:
        stream = await site.say(CLOSING.replace(b"/quick", b"http://localhost/quick"))
        assert (await reading.all(stream)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("order", [1, -1])
async def test_a_request_with_two_kinds_of_length_hides_no_other(
    open_site: Open, reading: Any, toy: QuartTrio, order: int
) -> None:
    lengths = [b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n"][::order]
    head = b"POST /quick HTTP/1.1\r\nHost: localhost\r\n" + b"".join(lengths)
    async with open_site(toy) as site:
        got = await reading.all(await site.say(head + b"\r\n0\r\n\r\n" + CLOSING))
        assert got.startswith(b"HTTP/1.1 400")
        assert got.count(b"HTTP/1.1") == 1
        assert await answers(site, reading)


async def test_the_host_of_a_target_in_absolute_form_goes_before_the_header(
    open_site: Open, reading: Any, toy: QuartTrio
) -> None:
    async def told() -> str:
        await trio.lowlevel.checkpoint()
        return str(request.headers["host"])

    toy.add_url_rule("/told", view_func=told)
    async with open_site(toy) as site:
        got = await reading.all(await site.say(CLOSING.replace(b"/quick", b"http://me@other:1/told")))
        assert got.endswith(b"other:1")


async def test_an_answer_before_the_bodys_end_says_that_none_follows(
    open_site: Open, reading: Any, toy: QuartTrio
) -> None:
    head = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"
    async with open_site(toy) as site:
        early = (await reading.all(await site.say(head + b"ab"))).lower()
        assert early.startswith(b"http/1.1 404")
        assert b"\r\nconnection: close\r\n" in early
        first, _, second = (await reading.all(await site.say(head + b"abcd" + CLOSING))).rpartition(
            b"HTTP/1.1"
        )
        assert first.startswith(b"HTTP/1.1 404")
        assert second.startswith(b" 200")
        assert b"connection: close" not in first.lower()
