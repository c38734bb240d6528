"""What an app says reaches the client alike, by the short way and by hypercorn's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
import trio

from peekd.service import usual

Open = Callable[..., Any]
Message = dict[str, Any]
Ask = Callable[[], Awaitable[Any]]
Say = Callable[[Any], Awaitable[None]]

USUAL = b"POST /now HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n12345"
UNUSUAL = USUAL.replace(b"keep-alive", b"keep-alive, whatever")
THEN = b"GET /then HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def start(status: int = 200, *headers: tuple[bytes, bytes], **more: object) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers), **more}


def body(data: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


FIVE = (b"Content-Length", b"5")
ANSWERS: Mapping[str, list[Message]] = {
    "whole": [start(200, FIVE, (b"X-Request-Id", b"req_1")), body(b"12345")],
    "whole, in pieces": [start(200, FIVE), body(b"123", more=True), body(b"45", more=True), body(b"")],
    "in chunks": [start(), body(b"123", more=True), body(b"45", more=True), body(b"")],
    "in one chunk": [start(404), body(b"12345")],
    "in chunks, some of them empty": [start(), body(b"", more=True), body(b"1", more=True), body(b"")],
    "without a body": [start(), body(b"")],
    "with an empty body": [start(200, (b"content-length", b"0")), body(b"")],
    "of a status without a body": [start(204), body(b"12345")],
    "that closes": [start(200, FIVE, (b"Connection", b"close")), body(b"12345")],
    "framed by the app": [start(200, (b"Transfer-Encoding", b"chunked")), body(b"12345")],
    "with white space": [start(200, (b"X-A", b" \tb\r\n"), (b" X-C ", b"d")), body(b"1")],
    "with defaults": [{"type": "http.response.start", "status": 200}, {"type": "http.response.body"}],
    "longer than it said": [start(200, FIVE), body(b"123456")],
    "longer, in pieces": [start(200, FIVE), body(b"123", more=True), body(b"456")],
    "shorter than it said": [start(200, FIVE), body(b"123")],
    "broken off in chunks": [start(), body(b"123", more=True)],
    "broken off before its body": [start(200, FIVE)],
    "none": [],
    "with a header in a header": [start(200, (b"X", b"a\r\nEvil: b")), body(b"1")],
    "with a name that is none": [start(200, (b"X: a\r\nEvil", b"b")), body(b"1")],
    "with a pseudo header": [start(200, (b":status", b"b")), body(b"1")],
    "begun twice": [start(), start(), body(b"1")],
    "ended twice": [start(), body(b"1"), body(b"2")],
    "not begun": [body(b"1")],
    "of an odd status": [start(1000), body(b"1")],
    "that is another kind of message": [start(), {"type": "http.response.trailers", "headers": []}],
}


def saying(messages: list[Message]) -> Callable[..., Awaitable[None]]:
    """An app that says this to whoever asks for /now."""

    async def app(scope: Mapping[str, Any], receive: Ask, send: Say) -> None:
        path = scope["path"]
        while (await receive())["more_body"]:
            pass
        for message in messages if path == "/now" else [start(200, FIVE), body(b"after")]:
            await send({**message})

    return app


async def told(
    open_site: Open, reading: Any, messages: list[Message], request: bytes
) -> tuple[bytes, list[str]]:
    """All bytes that such an answer and the next come to, and what the journal has of it."""
    async with open_site(saying(messages)) as site:
        got = await reading.all(await site.say(request + THEN))
        entries = [entry.message for entry in site.entries]
    return got, entries


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("method", [b"POST", b"HEAD"])
async def test_an_answer_is_the_same_by_either_way(
    open_site: Open, reading: Any, monkeypatch: pytest.MonkeyPatch, name: str, method: bytes
) -> None:
    usual_request, unusual_request = (one.replace(b"POST", method) for one in (USUAL, UNUSUAL))
    shortly = await told(open_site, reading, ANSWERS[name], usual_request)
    assert shortly == await told(open_site, reading, ANSWERS[name], unusual_request)
    monkeypatch.setattr(usual, "_STATUSES", frozenset[int]())  # no answer is usual
    assert shortly == await told(open_site, reading, ANSWERS[name], usual_request)


async def test_a_request_that_is_all_there_is_one_message_and_then_only_its_going_is_told(
    open_site: Open, reading: Any
) -> None:
    heard: list[Any] = []
    answered, gone = trio.Event(), trio.Event()

    async def app(_scope: object, receive: Ask, send: Say) -> None:
        heard.append(await receive())
        await send(start())
        await send(body(b"words", more=True))
        answered.set()
        heard.append(await receive())
        gone.set()

    async with open_site(app) as site:
        stream = await site.say(USUAL)
        await answered.wait()
        await reading.until(stream, b"words")
        await stream.aclose()
        await gone.wait()
    assert heard == [
        {"type": "http.request", "body": b"12345", "more_body": False},
        {"type": "http.disconnect"},
    ]


async def test_after_its_last_byte_an_app_is_told_nothing_more(open_site: Open, reading: Any) -> None:
    again, looked = trio.Event(), trio.Event()
    found: list[Any] = []

    async def app(scope: Mapping[str, Any], receive: Any, send: Say) -> None:
        path = scope["path"]
        await receive()
        await send(start())
        await send(body(b"1"))
        if path == "/then":
            again.set()
            await looked.wait()
        else:
            await again.wait()
            found.append(receive.ready())
            looked.set()

    async with open_site(app) as site:
        got = await reading.all(await site.say(USUAL + THEN))
    assert got.count(b"HTTP/1.1 200") == 2
    assert found == [None]


@pytest.mark.parametrize("request_", [USUAL, UNUSUAL])
async def test_neither_the_requests_head_nor_the_answers_is_held_while_it_is_answered(
    open_site: Open, reading: Any, request_: bytes
) -> None:
    scopes: list[Any] = []

    async def app(scope: Any, receive: Ask, send: Say) -> None:
        await receive()
        scopes.append(scope)
        message = start(200, (b"X", b"y"))
        await send(message)
        scopes.append({**scope})
        await send(body(b"1"))

    async with open_site(app) as site:
        await reading.until(await site.say(request_), b"0\r\n\r\n")
    assert scopes[1] == {"method": "POST", "http_version": "1.1"}
