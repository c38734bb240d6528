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


@pytest.mark.parametrize(
    ("target", "header"),
    [
        (b"/ HTTP/1.1\r\nx: y", (b"a", b"b")),
        (b"/a b", (b"a", b"b")),
        (b"/", (b"a\r\nb", b"c")),
        (b"/", (b"a: b", b"c")),
        (b"/", (b"", b"c")),
        (b"/", (b"a", b"b\r\n\r\nGET /")),
        (b"/", (b"a", b"b\0")),
    ],
)
def test_nothing_can_be_slipped_into_a_request(target: bytes, header: tuple[bytes, bytes]) -> None:
    with pytest.raises(httpx.LocalProtocolError):
        Parser().encode_head(b"POST", target, [*HOST, header])


def test_a_body_of_another_length_than_announced_is_not_ended() -> None:
    parser = Parser()
    parser.encode_head(b"POST", b"/", [*HOST, (b"Content-Length", b"4")])
    parser.encode_body(b"abc")
    with pytest.raises(httpx.LocalProtocolError):
        parser.encode_end()


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\ncontent-length: 5\n\nabcde",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nabcde\r\n0\r\ntrailer: z\r\n\r\n",
    ],
)
def test_a_sloppy_answer_is_read_as_it_is_meant(wire: bytes) -> None:
    parser = sent()
    parser.feed(wire)
    head = parser.read_head()
    assert head is not None
    assert all(name == name.lower() for name, _ in head.headers)
    assert (parser.read_body(), parser.complete) == (b"abcde", True)


@pytest.mark.parametrize(
    ("wire", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nconnection: Close\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n", True),
    ],
)
def test_a_connection_serves_again_as_long_as_the_upstream_says_so(wire: bytes, reusable: bool) -> None:  # noqa: FBT001
    parser = sent()
    parser.feed(wire)
    assert parser.read_head() is not None
    assert (parser.read_body(), parser.complete) == (b"", True)
    assert parser.recycle() is reusable


def test_one_connection_gives_one_answer_after_the_other() -> None:
    parser = sent()
    for wire in (CHUNKED, LENGTH, CHUNKED):
        assert parser.read_head() is None
        parser.feed(wire)
        head = parser.read_head()
        assert head is not None
        assert (head.status, parser.read_body(), parser.complete) == (200, b"abcde", True)
        assert parser.recycle()


def test_an_upstream_that_turns_to_another_protocol_has_not_answered() -> None:
    parser = sent()
    parser.feed(b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")
    with pytest.raises(httpx.RemoteProtocolError):
        parser.read_head()


def test_the_framing_of_a_chunk_has_an_end() -> None:
    parser = sent()
    parser.feed(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;")
    assert parser.read_head() is not None
    for _ in range(2 + MAX_HEAD_BYTES // 4096):
        parser.feed(b"x" * 4096)
    with pytest.raises(httpx.RemoteProtocolError, match="no end"):
        parser.read_body()


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


@pytest.mark.parametrize(
    ("wire", "spent"),
    [
        (b"5\r\nabcde\r\n", True),
        (b"5\r\nabcde\r\n0\r\n\r\n", False),  # the end is here, and is still to be told
        (b"5\r\nabcde\r\nx", False),  # so is a fault
    ],
)
def test_a_body_is_spent_where_only_another_read_can_tell_more(wire: bytes, spent: bool) -> None:  # noqa: FBT001
    parser = sent()
    parser.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert parser.read_head() is not None
    parser.feed(wire)
    assert not parser.spent
    assert parser.read_body() == b"abcde"
    assert parser.spent is spent
    parser.feed(b"")
    assert not parser.spent


def test_an_answer_that_nobody_asked_for_takes_nothing_from_the_one_before_it() -> None:
    parser = sent()
    parser.feed(LENGTH + b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nx: y\r\n\r\nno")
    head = parser.read_head()
    assert head is not None
    assert (head.status, head.reason, head.headers) == (200, b"OK", [(b"content-length", b"5")])
    assert parser.read_body() == b"abcde"
    assert parser.complete


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


@pytest.mark.parametrize("extra", [LENGTH, CHUNKED, LENGTH[:-2], b"x", b"\0"])
@pytest.mark.parametrize("wire", [LENGTH, CHUNKED])
def test_what_comes_after_an_answer_is_no_part_of_its_body_however_it_is_cut(
    wire: bytes, extra: bytes
) -> None:
    whole = wire + extra
    for cut in range(len(wire) + 1, len(whole) + 1):
        for first in (1, len(wire) - 1, len(wire), cut):
            parser, body = sent(), b""
            for piece in filter(None, (whole[:first], whole[first:cut], whole[cut:])):
                parser.feed(piece)
                body += parser.read_body() if parser.read_head() else b""
            assert (body, parser.complete, parser.recycle()) == (b"abcde", True, False)
