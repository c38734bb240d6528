from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import trio

from peekd.relay.delivery import Final
from peekd.serving.outgoing import Answer, Flowing, encode_head


async def pieces() -> AsyncIterator[bytes]:
    await trio.lowlevel.checkpoint()
    yield b"one"


def head(answer: Answer, origin: str = "") -> tuple[int, list[tuple[bytes, bytes]]]:
    message = cast("dict[str, Any]", encode_head(answer, "req_1", origin))
    assert message["type"] == "http.response.start"
    return message["status"], message["headers"]


def test_a_whole_answer_tells_its_length_and_the_request_under_both_names() -> None:
    assert head(Final(404, (("Content-Type", "application/json"),), b"{}")) == (
        404,
        [
            (b"content-type", b"application/json"),
            (b"content-length", b"2"),
            (b"x-request-id", b"req_1"),
            (b"request-id", b"req_1"),
        ],
    )


def test_a_stream_has_no_length_and_may_not_be_buffered() -> None:
    status, headers = head(Flowing((("content-type", "text/event-stream"),), pieces()))
    told = dict(headers)
    assert (status, told[b"cache-control"], told[b"x-accel-buffering"]) == (200, b"no-cache", b"no")
    assert b"content-length" not in told


def test_what_stands_twice_goes_out_twice() -> None:
    _, headers = head(Final(200, (("set-cookie", "a=1"), ("set-cookie", "b=2")), b""))
    assert [value for name, value in headers if name == b"set-cookie"] == [b"a=1", b"b=2"]


@pytest.mark.parametrize("answer", [Final(200, (), b""), Flowing((), pieces())])
def test_pages_of_an_origin_that_is_let_in_may_read_the_answer(answer: Answer) -> None:
    _, headers = head(answer, "https://page.example")
    told = dict(headers)
    assert told[b"access-control-allow-origin"] == b"https://page.example"
    assert (told[b"access-control-expose-headers"], told[b"vary"]) == (b"*", b"Origin")
    assert not [name for name, _ in head(answer)[1] if name.startswith(b"access-control")]


def test_one_answer_leaves_nothing_on_the_next() -> None:
    flowing = Flowing((), pieces())
    assert head(flowing, "https://page.example") != head(flowing)
    assert head(flowing) == head(flowing)
