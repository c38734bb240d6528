"""What clients may say on a connection, usual and not: bytes of HTTP/1.1 and of what only looks like it."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

Headers = list[tuple[bytes, bytes]]

USUAL = (
    b"Content-Type: application/json",
    b"x-api-key: \t key \t",
    b"Connection: keep-alive",
    b"connection: Keep-Alive",
    b"Cookie: a=1; b=\xe2\x82\xac",
    b"Cookie: c",
    b"X-Empty:",
    b"X-Odd-But-Allowed: a\x01b\x7f\x85\xa0:: c",
    b"Content-Length: 5",
    b"content-length:\t05 ",
)
ODD = (
    b"Content-Length: 6",
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
    b"X-Tab: a\x0bb",
    b"X-Feed: a\x0cb",
    b"N\xc3\xa4me: x",
)


METHODS = (b"HEAD", b"CONNECT", b"OPTIONS", b"get", b"P@ST", b"", b"G T", b"\x16")
TARGETS = (b"*", b"http://localhost/x", b"localhost:80", b"", b"/\x80", b"/a b", b"/a\tb", b"/\0", b"?x")
VERSIONS = (b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.2", b"http/1.1", b"HTTP/1.1 ", b"HTTP/1.10", b"")
ENDS = (b"\n", b"\r", b"\r\n\n", b"\n\r\n")

ODDITIES = (
    *[("method", one) for one in METHODS],
    *[("target", one) for one in TARGETS],
    *[("version", one) for one in VERSIONS],
    *[("end", one) for one in ENDS],
    *[("line", one) for one in ODD],
    ("host", b""),
)
"""What may be odd about a head, and how."""


def head_of(lines: Sequence[bytes], oddities: Sequence[tuple[str, bytes]] = ()) -> bytes:
    """A head with these lines beside its Host, and so much that is odd: lines, and of what else the last."""
    odd = {"method": b"POST", "target": b"/v1/messages?beta=true", "version": b"HTTP/1.1", "end": b"\r\n"}
    odd |= {"host": b"Host: a", **dict(oddities)}
    said = [b" ".join([odd["method"], odd["target"], odd["version"]]), odd["host"]]
    said += [*lines[:1], *[line for kind, line in oddities if kind == "line"], *lines[1:]]
    return odd["end"].join([*filter(None, said), b"", b""])


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """A request line and headers to the blank line; every other has something odd about it."""
    lines = draw(st.lists(st.sampled_from(USUAL), max_size=4))
    oddities = draw(st.lists(st.sampled_from(ODDITIES), max_size=2))
    return head_of(lines, oddities)


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
        new = draw(
            st.sampled_from([b"", b"\r", b"\n", b"\r\n", b" ", b":", b"\0", b"\t", b",", b"x", b"\x80"])
        )
        text[at : at + draw(st.integers(0, 2))] = new
    return bytes(text)


@st.composite
def said(draw: st.DrawFn) -> bytes:
    """Up to four requests, one behind the other."""
    one = st.tuples(heads(), bodies()).map(b"".join)
    return b"".join(draw(st.lists(mutated(one), min_size=1, max_size=4)))


@st.composite
def cut(draw: st.DrawFn, text: st.SearchStrategy[bytes]) -> list[bytes]:
    """The same in pieces, as reads may bring it."""
    whole = draw(text)
    at = sorted(draw(st.sets(st.integers(1, max(1, len(whole) - 1)), max_size=6)))
    return [
        whole[begin:end] for begin, end in zip([0, *at], [*at, len(whole)], strict=True) if whole[begin:end]
    ]


USUAL_ANSWERS: Headers = [
    (b"Content-Type", b"text/event-stream; charset=utf-8"),
    (b"x-request-id", b"req_1"),
    (b"Set-Cookie", b" a\xc3\xa4=1\t; b"),
    (b"X-Empty", b""),
    (b"Content-Length", b"5"),
    (b"content-length", b"05 "),
    (b"Content-Length", b"0"),
]
ODD_ANSWERS: Headers = [
    (b"Transfer-Encoding", b"chunked"),
    (b"transfer-encoding", b"gzip"),
    (b"Connection", b"close"),
    (b"connection", b"keep-alive"),
    (b"Host", b"a"),
    (b"Content-Length", b"5, 5"),
    (b"Content-Length", b"-5"),
    (b"Content-Length", b""),
    (b"X-Evil", b"a\r\nX-Hidden: b"),
    (b"X-Evil", b"a\rb"),
    (b"X-Evil", b"a\nb"),
    (b"X-Evil", b"\r\nb"),
    (b"X-Evil", b"a\0b"),
    (b"X-Evil", b"a\x0bb"),
    (b"X-Evil", b"a\x0cb"),
    (b"X-Evil\r\nX-Hidden", b"b"),
    (b"X-Evil: a\r\nX-Hidden", b"b"),
    (b"two words", b"a"),
    (b" padded ", b"a"),
    (b"a:b", b"c"),
    (b"\xc3\xa4", b"c"),
]


def answers_headers() -> st.SearchStrategy[Headers]:
    """The headers of an answer; every other has something odd about it."""
    binary = st.tuples(st.binary(min_size=1, max_size=4), st.binary(max_size=4)).filter(
        lambda header: header[0][:1] != b":"  # which hypercorn refuses before
    )
    usual = st.lists(st.sampled_from(USUAL_ANSWERS), max_size=4)
    odd = st.lists(st.sampled_from(ODD_ANSWERS) | binary, max_size=1)
    return st.tuples(usual, odd).flatmap(lambda both: st.permutations([*both[0], *both[1]]))
