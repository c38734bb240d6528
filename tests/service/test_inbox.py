"""Messages go one by one, in order and bounded; that the client went is told without anybody waiting."""

from __future__ import annotations

import trio
from hypercorn.typing import ASGIReceiveEvent

from peekd.service.inbox import Inbox

GONE: ASGIReceiveEvent = {"type": "http.disconnect"}


def piece(body: bytes, *, more: bool = True) -> ASGIReceiveEvent:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_messages_are_given_in_their_order() -> None:
    inbox = Inbox(10)
    for body in (b"a", b"b"):
        await inbox.put(piece(body))
    assert [await inbox(), inbox.ready(), inbox.ready()] == [piece(b"a"), piece(b"b"), None]


async def test_whoever_receives_waits_for_a_message(autojump_clock: trio.testing.MockClock) -> None:
    inbox, got = Inbox(10), list[ASGIReceiveEvent]()

    async def receive() -> None:
        got.append(await inbox())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        await trio.sleep(1)
        assert got == []
        await inbox.put(piece(b"a"))
    assert got == [piece(b"a")]


async def test_whoever_puts_waits_for_room(autojump_clock: trio.testing.MockClock) -> None:
    inbox = Inbox(1)
    await inbox.put(piece(b"a"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(inbox.put, piece(b"b"))
        await trio.sleep(1)
        assert inbox.ready() == piece(b"a")
        await trio.sleep(1)
        assert inbox.ready() == piece(b"b")


async def test_that_the_client_went_is_told_at_once_and_nothing_else_is(
    autojump_clock: trio.testing.MockClock,
) -> None:
    inbox, told = Inbox(1), list[str]()
    inbox.when_gone(lambda: told.append("gone"))
    for body in (b"too", b"much"):
        await inbox.put(piece(body))  # of a request that has been read, nobody wants more
    assert told == []
    await inbox.put(GONE)
    assert told == ["gone"]


async def test_a_client_that_went_before_is_told_of_too() -> None:
    inbox, told = Inbox(10), list[str]()
    await inbox.put(GONE)
    inbox.when_gone(lambda: told.append("gone"))
    assert told == ["gone"]


async def test_an_app_that_has_ended_is_told_nothing_and_nobody_waits_for_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    inbox, told = Inbox(1), list[str]()
    await inbox.put(piece(b"a"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(inbox.put, piece(b"b"))
        await trio.sleep(1)
        inbox.close()
    await inbox.put(GONE)
    assert inbox.ready() is None
    inbox = Inbox(1)
    inbox.when_gone(lambda: told.append("gone"))
    inbox.close()
    await inbox.put(GONE)
    assert told == []
