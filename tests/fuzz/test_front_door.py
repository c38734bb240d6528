"""Hostile requests on raw bytes: each gets its answer, and afterwards all is as it was.

The whole server is in memory under a virtual clock; real sockets are met in tests/service.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from front import Connect, answer_to, open_door, statuses
from hostile import BODY, TABLES, Hostile, said
from playhouse import Playhouse, open_playhouse

from peekd.records.entries import ERROR
from peekd.service.guard import GuardedServer

GOOD = said(
    b"Connection: close", b"Content-Length: %d" % (len(BODY) + 14), body=BODY[:-1] + b',"stream":true}'
)
CASES = [
    pytest.param(case, id=f"{kind}: {name}") for kind, table in TABLES.items() for name, case in table.items()
]


async def assert_unharmed(house: Playhouse, server: GuardedServer, connect: Connect) -> None:
    """Nothing is left of the request, no bug was met, no account minds, and the next one is served."""
    assert server.open_connections == 0
    assert [entry.message for entry in house.entries if entry.priority <= ERROR] == []
    house.assert_nothing_left()
    assert [state.usable for state in house.house.roster.states()] == [True]
    got = await answer_to(connect, GOOD)
    assert got.startswith(b"HTTP/1.1 200")
    assert b"event: message_stop" in got


def test_there_are_many() -> None:
    assert len(CASES) > 100


@asynccontextmanager
async def open_all() -> AsyncGenerator[tuple[Playhouse, GuardedServer, Connect]]:
    """A server with one account, whatever model is asked for."""
    async with (
        open_playhouse({"alice": ["answer text=Hello"]}, models="*") as house,
        open_door(house) as (server, connect),
    ):
        yield house, server, connect


@pytest.mark.parametrize("case", CASES)
async def test_a_hostile_request_is_answered_and_harms_nobody(autojump_clock: Any, case: Hostile) -> None:
    async with open_all() as (house, server, connect):
        got = await answer_to(connect, case.raw)
        assert statuses(got) == case.statuses
        served = "200" in case.statuses and b"x-account-email" in got
        assert len(house.simulator.requests) == served
        assert b"Set-Cookie" not in got.partition(b"\r\n\r\n")[0]
        await assert_unharmed(house, server, connect)


async def test_all_who_say_such_things_and_leave_at_once_harm_nobody(autojump_clock: Any) -> None:
    async with open_all() as (house, server, connect):
        for table in TABLES.values():
            for case in table.values():
                await answer_to(connect, case.raw, leaves=True)
        await assert_unharmed(house, server, connect)
