from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from peekd.serving.body import Body


def piece(body: bytes, *, more: bool = False) -> dict[str, object]:
    return {"type": "http.request", "body": body, "more_body": more}


def take_all(body: Body, pieces: Sequence[bytes]) -> None:
    for one in pieces:
        body.take(piece(one, more=True))


def come(body: Body, *pieces: bytes) -> Body:
    take_all(body, pieces)
    body.take(piece(b""))
    return body


@given(st.lists(st.binary(max_size=9), max_size=9))
def test_a_body_is_its_pieces_joined_however_they_came(pieces: list[bytes]) -> None:
    async def whole() -> bytes:
        return await come(Body(100, 1.0), *pieces).whole()

    assert trio.run(whole) == b"".join(pieces)


async def test_a_body_in_one_piece_is_not_copied() -> None:
    body = Body(100, 1.0)
    sent = b"all of it"
    body.take(piece(sent))
    assert await body.whole() is sent


async def test_a_body_that_was_given_is_held_no_longer() -> None:
    body = come(Body(100, 1.0), b"once")
    assert await body.whole() == b"once"
    assert await body.whole() == b""


async def test_a_body_is_waited_for(nursery: trio.Nursery) -> None:
    body, got = Body(100, 60.0), list[bytes]()

    async def read() -> None:
        got.append(await body.whole())

    nursery.start_soon(read)
    await trio.testing.wait_all_tasks_blocked()
    body.take(piece(b"a", more=True))
    await trio.testing.wait_all_tasks_blocked()
    assert not got
    come(body, b"b")
    await trio.testing.wait_all_tasks_blocked()
    assert got == [b"ab"]


async def test_a_body_that_does_not_come_in_time_is_given_up(
    autojump_clock: trio.testing.MockClock,
) -> None:
    body = Body(100, 60.0)
    body.take(piece(b"begun", more=True))
    began = trio.current_time()
    with pytest.raises(RequestTimeout):
        await body.whole()
    assert trio.current_time() - began == pytest.approx(60)


async def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes() -> None:
    body = Body(10, 60.0, announced=11)
    with pytest.raises(RequestEntityTooLarge):
        await body.whole()
    body.take(piece(b"x", more=True))
    assert body.complete, "nobody need listen for the rest"


@pytest.mark.parametrize("pieces", [(b"x" * 11,), (b"x" * 6, b"x" * 5)])
async def test_a_body_that_grows_too_large_is_refused_and_not_held(pieces: tuple[bytes, ...]) -> None:
    body, held = Body(10, 60.0), [sys.getrefcount(one) for one in pieces]
    take_all(body, pieces)
    assert body.complete
    assert [sys.getrefcount(one) for one in pieces] == held
    with pytest.raises(RequestEntityTooLarge):
        await body.whole()


async def test_who_waits_hears_at_once_that_a_body_grows_too_large(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    body = Body(10, 60.0)

    async def come_slowly() -> None:
        for _ in range(20):
            await trio.sleep(1)
            body.take(piece(b"xx", more=True))

    nursery.start_soon(come_slowly)
    began = trio.current_time()
    with pytest.raises(RequestEntityTooLarge):
        await body.whole()
    assert trio.current_time() - began == pytest.approx(6)


async def test_a_body_of_which_less_is_taken_than_of_others_is_refused_for_that() -> None:
    assert await come(Body(100, 1.0), b"x" * 10).whole(10) == b"x" * 10
    with pytest.raises(RequestEntityTooLarge):
        await come(Body(100, 1.0), b"x" * 11).whole(10)
    with pytest.raises(RequestEntityTooLarge):
        await Body(100, 60.0, announced=11).whole(10)
