from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.upstream.parser import MAX_HEAD_BYTES, Parser

HOST = [(b"host", b"upstream")]
CHUNKED = (
    b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
)
LENGTH = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcde"
CLOSED = b"HTTP/1.1 200 OK\r\n\r\nabcde"


def sent() -> Parser:
    parser = Parser()
    parser.encode_head(b"POST", b"/", [*HOST, (b"content-length", b"0")])
    parser.encode_end()
    return parser


def test_a_request_is_written_as_given() -> None:
    parser = Parser()
    head = parser.encode_head(b"POST", b"/v1?x=1", [*HOST, (b"content-length", b"3")])
    assert head == b"POST /v1?x=1 HTTP/1.1\r\nhost: upstream\r\ncontent-length: 3\r\n\r\n"
    assert parser.encode_body(memoryview(b"abc")) == b"abc"
    assert parser.encode_end() == b""


def test_what_http_cannot_carry_is_refused_without_repeating_it() -> None:
    with pytest.raises(httpx.LocalProtocolError) as caught:
        Parser().encode_head(b"POST", b"/", [*HOST, (b"x-api-key", b"sk-secret\nx: y")])
    assert "sk-secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.sampled_from([CHUNKED, LENGTH]), st.lists(st.integers(min_value=1, max_value=7), max_size=200))
def test_any_chunking_gives_the_same_answer(wire: bytes, sizes: list[int]) -> None:
    parser, body, head, start = sent(), b"", None, 0
    for size in [*sizes, len(wire)]:
        piece = wire[start : start + size]
        start += size
        if not piece:
            break
        parser.feed(piece)
        head = head or parser.read_head()
        body += parser.read_body() if head else b""
    assert head is not None
    assert (head.status, body, parser.complete) == (200, b"abcde", True)
    assert parser.recycle()


@pytest.mark.parametrize("wire", [CHUNKED, LENGTH])
def test_a_body_cut_at_any_byte_is_a_fault_after_what_came(wire: bytes) -> None:
    begins = wire.index(b"\r\n\r\n", wire.index(b"200")) + 4
    for cut in range(begins, len(wire)):
        parser = sent()
        parser.feed(wire[:cut])
        assert parser.read_head() is not None
        body = parser.read_body()
        assert b"abcde".startswith(body)
        parser.feed(b"")
        with pytest.raises(httpx.RemoteProtocolError):
            parser.read_body()
        assert not parser.complete
        assert not parser.recycle()


def test_a_fault_in_the_middle_comes_after_the_bytes_before_it_and_stays() -> None:
    parser = sent()
    parser.feed(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense\r\n")
    assert parser.read_head() is not None
    assert parser.read_body() == b"abc"
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError, match="chunk"):
            parser.read_body()


def test_a_body_without_length_ends_with_the_connection_which_then_serves_no_more() -> None:
    parser = sent()
    parser.feed(CLOSED)
    assert parser.read_head() is not None
    assert (parser.read_body(), parser.complete) == (b"abcde", False)
    parser.feed(b"")
    assert (parser.read_body(), parser.complete) == (b"", True)
    assert not parser.recycle()


@pytest.mark.parametrize("extra", [b"HTTP/1.1 200 OK\r\n", b"x"])
def test_bytes_that_nobody_asked_for_end_the_connections_use(extra: bytes) -> None:
    parser = sent()
    parser.feed(LENGTH + extra)
    assert parser.read_head() is not None
    assert parser.read_body() == b"abcde"
    assert parser.has_leftover
    assert not parser.recycle()


@pytest.mark.parametrize("wire", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"y" * MAX_HEAD_BYTES])
def test_a_head_that_is_none_or_has_no_end_is_a_fault(wire: bytes) -> None:
    parser = sent()
    parser.feed(wire)
    with pytest.raises(httpx.RemoteProtocolError):
        parser.read_head()
