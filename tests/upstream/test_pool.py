from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest
import trio

from peekd.upstream.connection import Connection, Message
from peekd.upstream.pool import KEEP_ALIVE_SECONDS, Pool
from peekd.upstream.timeouts import Timeouts

if TYPE_CHECKING:
    from conftest import Net

MESSAGE = Message(b"POST", b"/", [(b"host", b"upstream"), (b"content-length", b"0")], b"")


@pytest.fixture
def make(net: Net) -> Callable[[int], Pool]:
    return lambda limit: Pool(limit, lambda: net.dial("upstream", 80))


async def use(pool: Pool) -> Connection:
    """One whole exchange; gives the connection that served it."""
    connection = await pool.acquire(Timeouts())
    await exchange(connection)
    await pool.release(connection)
    return connection


async def exchange(connection: Connection) -> None:
    await connection.exchange(MESSAGE, Timeouts())
    while await connection.receive():
        pass


async def test_a_finished_connection_serves_again_the_last_used_first(make: Callable[[int], Pool]) -> None:
    pool = make(3)
    first, second = await pool.acquire(Timeouts()), await pool.acquire(Timeouts())
    for connection in (first, second):
        await exchange(connection)
        await pool.release(connection)
    assert (pool.busy, pool.idle) == (0, 2)
    assert await use(pool) is second
    assert (pool.busy, pool.idle) == (0, 2)


async def test_an_unfinished_connection_is_closed_and_its_slot_free(
    make: Callable[[int], Pool], net: Net
) -> None:
    pool = make(1)
    connection = await pool.acquire(Timeouts())
    await connection.exchange(MESSAGE, Timeouts())
    await pool.release(connection)
    assert (pool.busy, pool.idle, net.open_wires) == (0, 0, 0)
    assert await use(pool) is not connection


async def test_an_idle_connection_that_the_peer_closed_is_not_used_again(
    make: Callable[[int], Pool], net: Net
) -> None:
    pool = make(2)
    dead = await use(pool)
    net.wires[0].hung_up = True
    assert await use(pool) is not dead
    assert net.wires[0].closed
    assert (pool.busy, pool.idle, net.open_wires) == (0, 1, 1)


async def test_idle_connections_expire_and_are_closed(
    make: Callable[[int], Pool], net: Net, autojump_clock: trio.testing.MockClock
) -> None:
    pool = make(3)
    held = [await pool.acquire(Timeouts()) for _ in range(3)]
    for connection in held:
        await exchange(connection)
        await pool.release(connection)
    await trio.sleep(KEEP_ALIVE_SECONDS - 1)
    assert await use(pool) is held[2]
    await trio.sleep(2)
    assert await use(pool) is held[2]
    assert [wire.closed for wire in net.wires] == [True, False, False]  # each release looks at the oldest
    await trio.sleep(KEEP_ALIVE_SECONDS + 1)
    assert await use(pool) not in held
    assert net.open_wires == 1


async def test_what_is_finished_is_taken_back_without_waiting_and_all_else_is_not(
    make: Callable[[int], Pool], net: Net, autojump_clock: trio.testing.MockClock
) -> None:
    pool = make(2)
    done, unfinished = await pool.acquire(Timeouts()), await pool.acquire(Timeouts())
    await exchange(done)
    await unfinished.exchange(MESSAGE, Timeouts())
    assert pool.release_nowait(done)
    assert not pool.release_nowait(unfinished)
    assert (pool.busy, pool.idle) == (1, 1)
    await pool.release(unfinished)
    assert (pool.busy, pool.idle, net.open_wires) == (0, 1, 1)
    again, fresh = await pool.acquire(Timeouts()), await pool.acquire(Timeouts())
    await exchange(again)
    assert pool.release_nowait(again)
    await trio.sleep(KEEP_ALIVE_SECONDS + 1)
    await exchange(fresh)
    assert not pool.release_nowait(fresh)  # the other one's time is over, and somebody must close it
    await pool.release(fresh)
    assert (pool.busy, pool.idle, net.open_wires) == (0, 1, 1)


async def test_no_more_connections_than_slots_and_those_who_wait_are_served_in_order(
    make: Callable[[int], Pool], net: Net
) -> None:
    pool, served = make(2), list[int]()
    held = [await pool.acquire(Timeouts()) for _ in range(2)]

    async def wait(number: int) -> None:
        connection = await pool.acquire(Timeouts())
        served.append(number)
        await exchange(connection)
        await pool.release(connection)

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(wait, number)
            await trio.testing.wait_all_tasks_blocked()
        assert served == []
        for connection in held:
            await pool.release(connection)
    assert served == [0, 1, 2, 3, 4]
    assert len(net.wires) == 4  # two that were given back unused, two in their place
    assert (pool.busy, pool.idle) == (0, 2)


async def test_waiting_for_a_slot_has_its_deadline(
    make: Callable[[int], Pool], autojump_clock: trio.testing.MockClock
) -> None:
    pool = make(1)
    held = await pool.acquire(Timeouts())
    with pytest.raises(httpx.PoolTimeout, match="one of 1 connections"):
        await pool.acquire(Timeouts(pool=7))
    assert trio.current_time() == pytest.approx(7)
    await pool.release(held)
    assert pool.busy == 0


async def test_one_who_stops_waiting_takes_no_slot_and_no_turn(make: Callable[[int], Pool]) -> None:
    pool, served = make(1), list[str]()
    held = await pool.acquire(Timeouts())

    async def wait(name: str, scope: trio.CancelScope) -> None:
        with scope:
            connection = await pool.acquire(Timeouts())
            served.append(name)
            await pool.release(connection)

    async with trio.open_nursery() as nursery:
        leaving, staying = trio.CancelScope(), trio.CancelScope()
        nursery.start_soon(wait, "leaving", leaving)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(wait, "staying", staying)
        await trio.testing.wait_all_tasks_blocked()
        leaving.cancel()
        await pool.release(held)
    assert served == ["staying"]
    assert pool.busy == 0


async def test_one_cancelled_in_the_very_moment_it_gets_its_slot_gives_it_back(
    make: Callable[[int], Pool],
) -> None:
    pool, scope = make(1), trio.CancelScope()
    held = await pool.acquire(Timeouts())

    async def wait() -> None:
        with scope:
            await pool.release(await pool.acquire(Timeouts()))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        await pool.release(held)
        scope.cancel()
    assert pool.busy == 0
    await use(pool)


async def test_a_connect_that_fails_or_takes_too_long_frees_its_slot(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def refused() -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        raise httpx.ConnectError("refused")

    for connect, error in ((refused, httpx.ConnectError), (trio.sleep_forever, httpx.ConnectTimeout)):
        pool = Pool(1, connect)
        for _ in range(3):
            with pytest.raises(error):
                await pool.acquire(Timeouts(connect=10))
        assert pool.busy == 0


async def test_a_closed_pool_keeps_nothing(make: Callable[[int], Pool], net: Net) -> None:
    pool = make(2)
    busy = await pool.acquire(Timeouts())
    await use(pool)
    await pool.aclose()
    assert net.open_wires == 1
    await exchange(busy)
    await pool.release(busy)
    assert (pool.busy, pool.idle, net.open_wires) == (0, 0, 0)
