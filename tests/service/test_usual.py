"""What the short way takes, h11 takes just so; what h11 would refuse, it never takes."""

from __future__ import annotations

import h11
import pytest
from hypercorn.utils import build_and_validate_headers
from hypothesis import example, given
from hypothesis import strategies as st
from oddities import Headers, answers_headers, bodies, heads, mutated

from peekd.service.usual import read_head, write_head

HOST = b"Host: a\r\n"
AGENT = (
    b"POST /v1/messages?beta=true HTTP/1.1\r\nhost: 127.0.0.1:8045\r\nconnection: keep-alive\r\n"
    b"accept: application/json\r\nX-Stainless-Timeout: 600\r\nanthropic-version: 2023-06-01\r\n"
    b"User-Agent: claude-cli/2.0 (external, cli)\r\nauthorization: Bearer k\r\naccept-language: *\r\n"
    b"sec-fetch-mode: cors\r\naccept-encoding: gzip, deflate\r\ncontent-length: 5\r\n\r\n"
)


def get(*lines: bytes, line: bytes = b"GET / HTTP/1.1") -> bytes:
    return b"\r\n".join([line, *lines, b"", b""])


# ---- requests ----------------------------------------------------------------------------------------


@given(mutated(heads()), bodies())
@example(AGENT, b"12345")
def test_a_head_that_is_taken_is_taken_as_h11_takes_it(head: bytes, body: bytes) -> None:
    taken = read_head(head + body)
    if taken is None:
        return
    parser = h11.Connection(h11.SERVER)
    parser.receive_data(head + body)
    request = parser.next_event()
    assert isinstance(request, h11.Request)
    assert (taken.method, taken.target) == (request.method, request.target)
    assert taken.headers == list(request.headers)
    assert request.http_version == b"1.1"
    assert (head + body)[taken.end :] == parser.trailing_data[0]
    assert not parser.they_are_waiting_for_100_continue
    length = dict(request.headers).get(b"content-length", b"0")
    assert taken.length == int(length)


def test_agents_heads_are_usual_and_what_follows_is_left() -> None:
    taken = read_head(AGENT + b"12345GET /")
    assert taken is not None
    assert (taken.method, taken.target, taken.length) == (b"POST", b"/v1/messages?beta=true", 5)
    assert taken.headers[0] == (b"host", b"127.0.0.1:8045")
    assert (b"user-agent", b"claude-cli/2.0 (external, cli)") in taken.headers
    assert taken.end == len(AGENT)


@pytest.mark.parametrize("length", range(len(AGENT)))
def test_a_head_that_is_not_all_there_is_not_taken(length: int) -> None:
    assert read_head(AGENT[:length]) is None


@pytest.mark.parametrize(
    "odd",
    [
        get(b"Host: a", line=b"HEAD / HTTP/1.1"),
        get(b"Host: a", line=b"CONNECT a:80 HTTP/1.1"),
        get(b"Host: a", line=b"GET http://a/ HTTP/1.1"),
        get(b"Host: a", line=b"GET * HTTP/1.1"),
        get(b"Host: a", line=b"GET / HTTP/1.0"),
        get(b"Host: a", line=b"GET  / HTTP/1.1"),
        get(b"Host: a", line=b"get / HTTP/1.1"),
        get(b"Host: a", line=b"\r\nGET / HTTP/1.1"),
        get(b"Host: a").replace(b"\r\n", b"\n"),
        get(),
        get(b"X: a"),
        get(b"Host: a", b"host: a"),
        get(b"Host: a", b"Transfer-Encoding: chunked"),
        get(b"Host: a", b"TRANSFER-ENCODING: chunked", b"Content-Length: 5"),
        get(b"Host: a", b"Content-Length: 5", b"Content-Length: 5"),
        get(b"Host: a", b"Content-Length: 5,5"),
        get(b"Host: a", b"Content-Length: "),
        get(b"Host: a", b"Content-Length: +5"),
        get(b"Host: a", b"Content-Length: 5_0"),
        get(b"Host: a", b"Content-Length: \xb2"),
        get(b"Host: a", b"Content-Length : 5"),
        get(b"Host: a", b"Connection: close"),
        get(b"Host: a", b"Connection: keep-alive", b"Connection: close"),
        get(b"Host: a", b"Connection: close", b"Connection: keep-alive"),
        get(b"Host: a", b"Connection: upgrade"),
        get(b"Host: a", b"Expect: 100-continue"),
        get(b"Host: a", b"Upgrade: h2c"),
        get(b"Host: a", b"X: a", b" b"),
        get(b"Host: a", b"X: a\0b"),
        get(b"Host: a", b"X: a\rb"),
        get(b"Host: a", b"X: a\nb"),
        get(b"Host: a", b"X: a\nContent-Length: 5"),
        get(b"Host: a", b"X: a\x0bb"),
        get(b"Host: a", b"X: a\x0cb"),
        get(b"Host: a", line=b"GET /\x80 HTTP/1.1"),
        get(b"Host: a", b"X\xe4: a"),
        get(b"Host: a", b": a"),
        get(b"Host: a", b"X"),
    ],
)
def test_whatever_is_not_plainly_usual_is_left_to_h11(odd: bytes) -> None:
    assert read_head(odd) is None


# ---- answers -----------------------------------------------------------------------------------------


@given(st.sampled_from([199, 200, 200, 200, 204, 304, 404, 503, 999, 1000]), answers_headers())
def test_a_head_that_is_written_is_written_as_hypercorn_and_h11_write_it(
    status: int, headers: Headers
) -> None:
    written = write_head(status, headers)
    if written is None:
        return
    writer = h11.Connection(h11.SERVER)
    writer.receive_data(get(b"Host: a"))
    writer.next_event()
    response = h11.Response(status_code=status, headers=build_and_validate_headers(headers))
    head, length = written
    assert head == writer.send(response)
    if length is None:
        assert writer.send(h11.Data(data=b"1")) == b"1\r\n1\r\n"
    else:
        assert writer.send(h11.Data(data=b"x" * length)) == b"x" * length
        assert writer.send(h11.EndOfMessage()) == b""


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (100, []),
        (204, []),
        (304, []),
        (1000, []),
        (200, [(b"Transfer-Encoding", b"chunked")]),
        (200, [(b"connection", b"close")]),
        (200, [(b"Host", b"a")]),
        (200, [(b"Content-Length", b"5"), (b"content-length", b"5")]),
        (200, [(b"Content-Length", b"5, 5")]),
        (200, [(b"Content-Length", b"")]),
        (200, [(b"X", b"a\r\nY: b")]),
        (200, [(b"X", b"a\rb")]),
        (200, [(b"X", b"a\nb")]),
        (200, [(b"X", b"a\0b")]),
        (200, [(b"X", b"a\x0bb")]),
        (200, [(b"X", b"a\x0cb")]),
        (200, [(b"X\r\nY", b"b")]),
        (200, [(b"X: a", b"b")]),
        (200, [(b"", b"b")]),
        (200, [(b" X", b"b")]),
    ],
)
def test_an_answer_that_is_not_plainly_usual_is_left_to_h11(status: int, headers: Headers) -> None:
    assert write_head(status, headers) is None


def test_a_value_that_only_ends_in_a_line_break_is_written_without_it() -> None:
    assert write_head(200, [(b"X", b" a \r\n"), (b"Content-Length", b" 2 ")]) == (
        b"HTTP/1.1 200 \r\nX: a\r\nContent-Length: 2\r\n\r\n",
        2,
    )
