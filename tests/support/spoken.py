"""What clients may say on a connection, usual and not: bytes of HTTP/1.1 and of what only looks like it."""

from __future__ import annotations

from hypothesis import strategies as st

Headers = list[tuple[bytes, bytes]]

USUAL = (
    b"Host: localhost",
    b"host:127.0.0.1:8045",
    b"Content-Type: application/json",
    b"x-api-key: \t key \t",
    b"Connection: keep-alive",
    b"connection: Keep-Alive",
    b"Cookie: a=1; b=\xe2\x82\xac",
    b"Cookie: c",
    b"X-Empty:",
    b"X-Odd-But-Allowed: a\x01b\x7f\x85\xa0:: c",
    b"Content-Length: 0",
    b"Content-Length: 5",
    b"content-length:\t05 ",
)
ODD = (
    b"Content-Length: 5, 5",
    b"Content-Length: +5",
    b"Content-Length: -5",
    b"Content-Length: 5 5",
    b"Content-Length: 0x5",
    b"Content-Length: ",
    b"Content-Length: 999999999999999999999",
    b"Content-Length: \xc2\xb2",
    b"Content-Length : 5",
    b"Transfer-Encoding: chunked",
    b"transfer-encoding: identity",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding:",
    b"Transfer-Encoding : chunked",
    b"Transfer_Encoding: chunked",
    b"Connection: close",
    b"Connection: keep-alive, close",
    b"Connection: Upgrade, keep-alive",
    b"Connection:",
    b"Expect: 100-continue",
    b"expect: 100-Continue, x",
    b"Upgrade: websocket",
    b"Upgrade:",
    b"Host: other",
    b"Host:",
    b" folded",
    b"\tfolded",
    b"no colon",
    b": no name",
    b"two words: x",
    b"X-Null: a\0b",
    b"X-Return: a\rb",
    b"X-Line: a\nX-Hidden: b",
    b"X-Feed: a\x0bb\x0cc",
    b"N\xc3\xa4me: x",
    b"",
)


@st.composite
def heads(draw: st.DrawFn, odd: int = 1) -> bytes:
    """A request line and headers to the blank line; `odd` of ten choices are not usual."""
    strange = st.integers(0, 9).map(lambda number: number < odd)

    def pick(usual: tuple[bytes, ...], other: tuple[bytes, ...]) -> bytes:
        return draw(st.sampled_from(other if draw(strange) else usual))

    method = pick((b"GET", b"POST"), (b"HEAD", b"CONNECT", b"OPTIONS", b"get", b"P@ST", b"", b"G T", b"\x16"))
    target = pick(
        (b"/", b"/v1/messages?beta=true", b"//a/../b;c%00#d"),
        (b"*", b"http://localhost/x", b"localhost:80", b"", b"/\x80", b"/a b", b"/a\tb", b"/\0", b"?x"),
    )
    version = pick((b"HTTP/1.1",), (b"HTTP/1.0", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b"HTTP/1.10", b""))
    lines = [] if draw(strange) else [b"Host: a"]
    lines += [pick(USUAL[2:], ODD) for _ in range(draw(st.integers(0, 5)))]
    lines = draw(st.permutations(lines))
    end = pick((b"\r\n",), (b"\n", b"\r", b"\r\n\n", b"\n\r\n"))
    return end.join([b" ".join([method, target, version]), *lines, b"", b""])


def bodies() -> st.SearchStrategy[bytes]:
    """What may follow a head: a body of five bytes, one in chunks, more, less or nothing."""
    framed = st.sampled_from([b"", b"12345", b"2\r\nab\r\n0\r\n\r\n", b"0\r\n\r\n", b"\r\n", b"z\r\n"])
    return framed | st.binary(max_size=12)


@st.composite
def mutated(draw: st.DrawFn, said: st.SearchStrategy[bytes]) -> bytes:
    """The same, with a few bytes struck out, put in or put in place of others."""
    text = bytearray(draw(said))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2, 4]))):
        at = draw(st.integers(0, len(text)))
        new = draw(st.sampled_from([b"", b"\r", b"\n", b"\r\n", b" ", b":", b"\0", b"\t", b",", b"x", b"\x80"]))
        text[at : at + draw(st.integers(0, 2))] = new
    return bytes(text)


@st.composite
def said(draw: st.DrawFn) -> bytes:
    """Up to four requests, one behind the other."""
    one = st.builds(lambda head, body: head + body, heads(), bodies())
    return b"".join(draw(st.lists(mutated(one), min_size=1, max_size=4)))


@st.composite
def cut(draw: st.DrawFn, text: st.SearchStrategy[bytes]) -> list[bytes]:
    """The same in pieces, as reads may bring it."""
    whole = draw(text)
    at = sorted(draw(st.sets(st.integers(1, max(1, len(whole) - 1)), max_size=6)))
    return [whole[begin:end] for begin, end in zip([0, *at], [*at, len(whole)], strict=True) if whole[begin:end]]


def answers_headers(odd: int = 1) -> st.SearchStrategy[Headers]:
    """The headers of an answer; `odd` of ten are not usual."""
    usual = st.sampled_from(
        [
            (b"Content-Type", b"text/event-stream; charset=utf-8"),
            (b"x-request-id", b"req_1"),
            (b"Set-Cookie", b" a\xc3\xa4=1\t; b"),
            (b"X-Empty", b""),
            (b"Content-Length", b"5"),
            (b"content-length", b"05 "),
            (b"Content-Length", b"0"),
        ]
    )
    strange = st.sampled_from(
        [
            (b"Transfer-Encoding", b"chunked"),
            (b"transfer-encoding", b"gzip"),
            (b"Connection", b"close"),
            (b"connection", b"keep-alive"),
            (b"Host", b"a"),
            (b"Content-Length", b"5, 5"),
            (b"Content-Length", b"-5"),
            (b"Content-Length", b""),
            (b"X-Evil", b"a\r\nX-Hidden: b"),
            (b"X-Evil", b"a\nb"),
            (b"X-Evil", b"\r\nb"),
            (b"X-Evil", b"a\0b"),
            (b"X-Evil", b"a\x0bb\x0cc"),
            (b"X-Evil\r\nX-Hidden", b"b"),
            (b"X-Evil: a\r\nX-Hidden", b"b"),
            (b"two words", b"a"),
            (b" padded ", b"a"),
            (b"a:b", b"c"),
            (b"\xc3\xa4", b"c"),
            (b"X" * 300, b"c" * 300),
        ]
    )
    binary = st.tuples(st.binary(min_size=1, max_size=4), st.binary(max_size=4)).filter(
        lambda header: header[0][:1] != b":"  # which hypercorn refuses before
    )
    one = st.integers(0, 9).flatmap(lambda number: (strange | binary) if number < odd else usual)
    return st.lists(one, max_size=5)
