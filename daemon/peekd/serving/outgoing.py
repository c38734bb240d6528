"""An answer on its way out: what every one wears, and its head as ASGI has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import lru_cache

import msgspec

from peekd.relay.delivery import Final

Headers = tuple[tuple[str, str], ...]


class Flowing(msgspec.Struct, frozen=True):
    """A 200 whose body comes piece by piece."""

    headers: Headers
    chunks: AsyncIterator[bytes]


Answer = Final | Flowing

_STREAM_HEADERS = [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]


def encode_head(answer: Answer, request_id: str, origin: str = "") -> Mapping[str, object]:
    """Write status and headers as the message that begins an answer.

    `origin`: whose pages may read it, "" for none but our own.
    """
    headers = [(_name(name), value.encode()) for name, value in answer.headers]
    if isinstance(answer, Final):
        status = answer.status
        headers.append((b"content-length", b"%d" % len(answer.body)))
    else:
        status = 200
        headers += _STREAM_HEADERS
    told = request_id.encode()
    headers += ((b"x-request-id", told), (b"request-id", told))
    if origin:
        headers += _allowing(origin)
    return {"type": "http.response.start", "status": status, "headers": headers}


def _allowing(origin: str) -> list[tuple[bytes, bytes]]:
    """Let pages of this origin read the answer (Fetch standard, section 3.3)."""
    return [
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-expose-headers", b"*"),
        (b"vary", b"Origin"),
    ]


@lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    return name.lower().encode()
