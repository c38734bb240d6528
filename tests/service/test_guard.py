from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest
import trio
from quart_trio import QuartTrio

from peekd.service.guard import Limits

GET = b"GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n"
CLOSING = b"GET /quick HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
Open = Callable[..., Any]


async def answers(site: Any, reading: Any) -> bool:
    """Whether the server still serves whoever comes next."""
    stream = await site.say(CLOSING)
    return (await reading.all(stream)).startswith(b"HTTP/1.1 200")


# ---- stopping ------------------------------------------------------------------------------------------


async def test_stopping_closes_idle_connections_at_once(
    open_site: Open, reading: Any, toy: QuartTrio
) -> None:
    async with open_site(toy, keep_alive_seconds=600) as site:
        fresh, used = await site.connect(), await site.say(GET)
        await reading.until(used, b"quick")
        while site.server.open_connections < 2:
            await trio.lowlevel.checkpoint()
        site.server.stop()
        await site.ended.wait()
        assert await reading.all(fresh) == await reading.all(used) == b""


async def test_stopping_lets_a_running_answer_finish_and_takes_nothing_new(
    open_site: Open, reading: Any, toy: QuartTrio
) -> None:
    reached, go_on = trio.Event(), trio.Event()

    async def slow() -> str:
        reached.set()
        await go_on.wait()
        return "slow"

    toy.add_url_rule("/slow", view_func=slow)
    async with open_site(toy, keep_alive_seconds=600) as site:
        stream = await site.say(GET.replace(b"quick", b"slow"))
        await reached.wait()
        site.server.stop()
        assert not site.ended.is_set()
        go_on.set()
        got = await reading.all(stream)
        assert got.endswith(b"slow")
        assert b"connection: close" in got
        await site.ended.wait()
        with pytest.raises(OSError, match="connect"):
            await site.connect()


# ---- crowds --------------------------------------------------------------------------------------------


async def test_an_address_has_no_more_connections_than_its_limit(
    open_site: Open, reading: Any, toy: QuartTrio
) -> None:
    async with open_site(toy, connections_per_address=2) as site:
        held = [await site.connect(), await site.connect()]
        for stream in held:
            await stream.send_all(GET)
            await reading.until(stream, b"quick")
        assert (await reading.all(await site.connect())).startswith(b"HTTP/1.1 503")
        await held[0].aclose()
        while site.server.open_connections == 2:
            await trio.lowlevel.checkpoint()
        assert await answers(site, reading)


async def test_other_limits_hold_for_connections_that_come_then(
    open_site: Open, reading: Any, toy: QuartTrio
) -> None:
    async with open_site(toy, connections_per_address=2) as site:
        held = await site.connect()
        await held.send_all(GET)
        await reading.until(held, b"quick")
        site.server.adopt(Limits(connections_per_address=1))
        assert (await reading.all(await site.connect())).startswith(b"HTTP/1.1 503")
        await held.send_all(GET)
        await reading.until(held, b"quick")


async def test_accepting_goes_on_after_the_system_ran_out_of_descriptors(
    open_site: Open, reading: Any, toy: QuartTrio, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = trio.SocketListener.accept
    refusals = iter([errno.EMFILE, errno.ENFILE])

    async def poor(self: trio.SocketListener) -> trio.SocketStream:
        number = next(refusals, None)
        if number is not None:
            raise OSError(number, os.strerror(number))
        return await accept(self)

    monkeypatch.setattr(trio.SocketListener, "accept", poor)
    async with open_site(toy) as site:
        assert await answers(site, reading)
        assert [entry.message for entry in site.entries] == [
            "cannot accept connections: Too many open files; trying on"
        ]
