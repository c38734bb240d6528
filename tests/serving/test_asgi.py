from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, cast

import pytest
import trio
import trio.testing

from peekd.relay.asked import Asked
from peekd.relay.delivery import Delivery, Final
from peekd.service.inbox import Inbox
from peekd.serving.asgi import serve
from peekd.serving.asking import Asking, Scope, Stay
from peekd.serving.ingress import compile_access
from peekd.serving.outgoing import Answer, Flowing
from peekd.serving.settings import ServerSettings

SCOPE: Scope = {
    "method": "POST",
    "scheme": "http",
    "path": "/v1/messages",
    "raw_path": b"/v1/messages",
    "query_string": b"",
    "headers": [(b"host", b"localhost")],
}
ACCESS = compile_access(ServerSettings(), bound=["127.0.0.1"])


def piece(body: bytes, *, more: bool = False) -> dict[str, object]:
    return {"type": "http.request", "body": body, "more_body": more}


GONE: dict[str, object] = {"type": "http.disconnect"}


class Toy:
    """An app that answers as the test says, and what a server heard of it."""

    def __init__(self, answer: Callable[[Asking], Awaitable[Answer]]) -> None:
        self.find = answer
        self.left: list[Stay] = []
        self.heard: list[Mapping[str, object]] = []

    def take(self, scope: Scope) -> Asking:
        return Asking(scope, "req_1", ACCESS, ServerSettings())

    async def answer(self, asking: Asking) -> Answer:
        return await self.find(asking)

    def encode_head(self, answer: Answer, asking: Asking) -> Mapping[str, object]:
        return {"type": "http.response.start", "id": asking.id, "whole": isinstance(answer, Final)}

    def leave(self, stay: Stay) -> None:
        self.left.append(stay)

    async def hear(self, message: Mapping[str, object]) -> None:
        self.heard.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(cast("bytes", message.get("body", b"")) for message in self.heard)


class Server:
    """A server's `receive`, with or without what an inbox can."""

    def __init__(self, *messages: dict[str, object], plain: bool) -> None:
        self.inbox = Inbox(10)
        self.receive: Any = self.inbox.__call__ if plain else self.inbox
        self._first = messages

    async def put_first(self) -> None:
        for message in self._first:
            await self.put(message)

    async def put(self, message: dict[str, object]) -> None:
        await self.inbox.put(cast("Any", message))


async def echo(asking: Asking) -> Answer:
    return Final(200, (), await asking.body.whole())


both = pytest.mark.parametrize("plain", [True, False])


@both
async def test_a_body_in_pieces_reaches_the_app_whole(*, plain: bool) -> None:
    toy, server = Toy(echo), Server(piece(b"a", more=True), piece(b"b", more=True), piece(b""), plain=plain)
    await server.put_first()
    await serve(toy, SCOPE, server.receive, toy.hear)
    assert toy.body == b"ab"
    assert toy.heard[0] == {"type": "http.response.start", "id": "req_1", "whole": True}
    assert [message.get("more_body") for message in toy.heard] == [None, True, False]
    assert len(toy.left) == 1


@both
async def test_the_rest_of_a_body_is_taken_while_the_app_waits_for_it(
    nursery: trio.Nursery, *, plain: bool
) -> None:
    toy, server = Toy(echo), Server(piece(b"a", more=True), plain=plain)
    await server.put_first()
    nursery.start_soon(serve, toy, SCOPE, server.receive, toy.hear)
    await trio.testing.wait_all_tasks_blocked()
    assert not toy.heard
    await server.put(piece(b"b"))
    await trio.testing.wait_all_tasks_blocked()
    assert toy.body == b"ab"


@both
@pytest.mark.parametrize("complete", [True, False])
async def test_a_client_that_goes_ends_all_that_was_begun_for_it(
    nursery: trio.Nursery, *, plain: bool, complete: bool
) -> None:
    ended = list[str]()

    async def forever(name: str) -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.append(name)

    async def answer(asking: Asking) -> Answer:
        asking.nursery.start_soon(forever, "journey")
        await forever("view")
        raise AssertionError

    toy, server = Toy(answer), Server(piece(b"a", more=not complete), plain=plain)
    await server.put_first()
    nursery.start_soon(serve, toy, SCOPE, server.receive, toy.hear)
    await trio.testing.wait_all_tasks_blocked()
    await server.put(GONE)
    await trio.testing.wait_all_tasks_blocked()
    assert sorted(ended) == ["journey", "view"]
    assert (len(toy.left), toy.heard) == (1, [])


async def test_a_client_that_is_gone_before_its_request_is_looked_at_gets_no_answer() -> None:
    toy, server = Toy(echo), Server(piece(b"a"), GONE, plain=False)
    await server.put_first()
    await serve(toy, SCOPE, server.receive, toy.hear)
    assert toy.heard == []


async def test_a_stream_goes_out_piece_by_piece_and_ends() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        await trio.lowlevel.checkpoint()
        yield b"one"
        yield b"two"

    async def answer(_asking: Asking) -> Answer:
        await trio.lowlevel.checkpoint()
        return Flowing((), pieces())

    toy, server = Toy(answer), Server(piece(b""), plain=False)
    await server.put_first()
    await serve(toy, SCOPE, server.receive, toy.hear)
    assert [message.get("body") for message in toy.heard] == [None, b"one", b"two", b""]


async def test_who_answers_is_told_of_the_end_though_the_server_fails() -> None:
    async def fail(_message: Mapping[str, object]) -> None:
        await trio.lowlevel.checkpoint()
        raise ConnectionResetError

    toy, server = Toy(echo), Server(piece(b""), plain=False)
    await server.put_first()
    with pytest.RaisesGroup(ConnectionResetError):
        await serve(toy, SCOPE, server.receive, fail)
    assert len(toy.left) == 1


async def test_work_in_the_requests_nursery_outlives_the_view_but_not_the_answer(
    bench: Callable[..., Any],
) -> None:
    cancelled = trio.Event()

    async def script(_asked: Asked, delivery: Delivery) -> None:
        delivery.answer(Final(200, (), b"{}"))
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()

    toy = bench()
    toy.script = script
    with trio.fail_after(5):
        assert (await toy.ask("POST", "/v1/messages", json={"model": "m"})).status == 200
        await cancelled.wait()
