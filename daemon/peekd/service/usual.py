"""The heads of usual requests and answers, read and written in one go. What is not plainly so is h11's.

Nothing is refused here: None means that h11 is to say what it is. What is taken is taken as h11 takes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_TOKEN = rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+"

_HEAD = re.compile(
    rb"(GET|POST) (/[\x21-\x7e]*+) HTTP/1\.1\r\n"
    rb"((?:" + _TOKEN + rb"+:[^\0\n\r\v\f]*+\r\n)++)"  # RFC 9112 section 5; no line is folded
    rb"\r\n"
)
_FIELD = re.compile(rb"([^:]++):([^\r]*+)\r\n")
_NAME = re.compile(_TOKEN)
_LENGTH = re.compile(rb"[0-9]{1,18}")

_NOT_IN_A_LINE = b"\0\n\r\v\f"
_ODD_REQUEST = frozenset({b"transfer-encoding", b"expect", b"upgrade"})
_ODD_ANSWER = frozenset({b"", b"transfer-encoding", b"connection", b"host"})
_STATUSES = frozenset(range(200, 1000)) - {204, 304}
"""Of answers that may have a body."""


class Head(NamedTuple):
    """A usual request's: HTTP/1.1, its connection kept, its target a path, names in lower case."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    length: int
    """How many bytes of body follow."""
    end: int
    """Where they begin."""


def read_head(data: bytes) -> Head | None:
    r"""Read the head that the bytes begin with, None where it is not all there, or not a usual one.

    >>> read_head(b"GET / HTTP/1.1\r\nHost: me\r\n\r\nrest")
    Head(method=b'GET', target=b'/', headers=[(b'host', b'me')], length=0, end=28)
    >>> read_head(b"GET / HTTP/1.1\r\nHost: me\r\nUpgrade: h2c\r\n\r\n")
    """
    found = _HEAD.match(data)
    if found is None:
        return None
    method, target, lines = found.groups()
    headers = [(name.lower(), value.strip(b" \t")) for name, value in _FIELD.findall(lines)]
    known = dict(headers)
    if len(known) != len(headers) and not _tells_once(headers):
        return None
    if b"host" not in known or not _ODD_REQUEST.isdisjoint(known):
        return None
    if known.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return None
    length = known.get(b"content-length", b"0")
    if _LENGTH.fullmatch(length) is None:
        return None
    return Head(method, target, headers, int(length), found.end())


def _tells_once(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether what decides about a request is not among the names that are repeated."""
    names = [name for name, _ in headers]
    return all(names.count(name) <= 1 for name in (b"host", b"content-length", b"connection"))


def write_head(status: int, headers: Sequence[tuple[bytes, bytes]]) -> tuple[bytes, int | None] | None:
    r"""Give a usual answer's head, and the length of its body, None for one that goes in chunks.

    For an HTTP/1.1 connection that is kept. None for all of it: not a usual answer. White space around values
    is dropped, as hypercorn does.

    >>> write_head(200, [(b"Content-Length", b"2")])
    (b'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n', 2)
    >>> write_head(200, [])
    (b'HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n', None)
    >>> write_head(200, [(b"x", b"1\r\ny: 2")])
    """
    if status not in _STATUSES:
        return None
    names = [_lowered(name) for name, _ in headers]
    if not _ODD_ANSWER.isdisjoint(names):
        return None
    lines = [b"HTTP/1.1 %d " % status, *[b"%b: %b" % (name, value.strip()) for name, value in headers]]
    length: int | None = None
    if b"content-length" in names:
        told = headers[names.index(b"content-length")][1].strip()
        if names.count(b"content-length") > 1 or _LENGTH.fullmatch(told) is None:
            return None
        length = int(told)
    else:
        lines.append(b"Transfer-Encoding: chunked")
    head = b"\r\n".join(lines)
    if len(head.translate(None, _NOT_IN_A_LINE)) != len(head) - 2 * (len(lines) - 1):
        return None
    return head + b"\r\n\r\n", length


@lru_cache(maxsize=128)
def _lowered(name: bytes) -> bytes:
    """Give the name of an answer's header in lower case, of which there are few; b"" for what is no name."""
    return name.lower() if _NAME.fullmatch(name) else b""
