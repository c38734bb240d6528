"""What upstreams sent in one request, bytes and times: as it is kept on disk for `peekd replay`. Pure.

Secrets are masked with as many letters, so that every piece keeps its length and its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from peekd.healing.settings import HealingSettings, RouteSettings
from peekd.records.entries import RequestRecord

End = Literal["", "whole", "broken"]
"""How an answer ended: "" where peekd did not wait for its end."""

_ESCAPED: Final = rb"(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4})"
"""Behind an escape of JSON, whose letter is no part of the word that follows."""

_KEYS: Final = (
    re.compile(
        rb"(?:\b|" + _ESCAPED + rb")(?:sk|pk|key|token|AIza|ya29|gh[pousr]|xox[abp])[-_.A-Za-z0-9]{12,}"
    ),
    re.compile(rb"(?i)(?<=bearer )[-_.~+/=A-Za-z0-9]+"),
    re.compile(rb"(?:(?<![\w.+\\-])|" + _ESCAPED + rb")[\w.+-]+@[\w-]+\.[\w.-]+\b"),
)
"""What looks like a key or an address; nothing that JSON or a frame is built with is in it."""

Pairs = tuple[tuple[str, str], ...]
"""Headers, names in lower case."""

_MASK: Final = b"x"


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """What one read brought, so many seconds after its attempt began."""

    at: float
    data: bytes


class Heard(msgspec.Struct):
    """What one attempt heard. Times are seconds since it began; bytes are as they were before compression.

    `failure`: why there was no status line, as `Outcome.type` has it. `cut`: more came than is kept.
    `project` of a platform is left out. `healing`: the budgets and deadlines that it was made under.
    """

    number: int
    account: str
    upstream: str
    model: str
    protocol: str
    healing: HealingSettings
    platform: str | None = None
    location: str = ""
    streams: bool = True
    failure: str = ""
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    at: float = 0.0
    """When the status line had come, or the failure."""
    pieces: list[Piece] = msgspec.field(default_factory=list[Piece])
    end: End = ""
    broke: str = ""
    """How it broke: reset, cut, undecodable."""
    ended: float = 0.0
    cut: bool = False
    masked: bool = False
    """Something in its answer looked like a secret."""

    @property
    def body(self) -> bytes:
        """All that came."""
        return b"".join(piece.data for piece in self.pieces)


class Capture(msgspec.Struct, frozen=True):
    """One request with all that its attempts heard. `record`: what was decided then."""

    record: RequestRecord
    headers: tuple[tuple[str, str], ...]
    """The client's, without secrets."""
    body: bytes
    route: RouteSettings
    heard: tuple[Heard, ...]
    masked: bool = False
    """Something in the body looked like a secret."""


def encode_capture(capture: Capture, secrets: Iterable[str]) -> bytes:
    """Give the bytes of its file; `secrets` and what looks like one are masked everywhere."""
    known = [secret.encode() for secret in secrets if secret]
    body = masked(capture.body, known)
    told = msgspec.structs.replace(
        capture,
        body=body,
        masked=body != capture.body,
        headers=_masked_headers(capture.headers, known),
        heard=tuple(_masked_heard(one, known) for one in capture.heard),
    )
    return msgspec.json.encode(told)


def decode_capture(data: bytes) -> Capture:
    """Read a file's bytes. Raises msgspec.ValidationError or DecodeError for what is none."""
    return msgspec.json.decode(data, type=Capture)


def masked(data: bytes, secrets: Iterable[bytes]) -> bytes:
    """Give bytes of the same length without secrets.

    >>> masked(b'{"key": "sk-ant-api03-abcdef", "name": "hush"}', [b"hush"])
    b'{"key": "xxxxxxxxxxxxxxxxxxx", "name": "xxxx"}'
    """
    for secret in secrets:
        data = data.replace(secret, _MASK * len(secret))
    for pattern in _KEYS:
        data = pattern.sub(lambda found: _MASK * len(found[0]), data)
    return data


def _masked_heard(heard: Heard, secrets: list[bytes]) -> Heard:
    """Mask what came as one text: a secret may lie across two reads."""
    whole = masked(heard.body, secrets)
    pieces: list[Piece] = []
    start = 0
    for piece in heard.pieces:
        pieces.append(Piece(piece.at, whole[start : start + len(piece.data)]))
        start += len(piece.data)
    return msgspec.structs.replace(
        heard,
        pieces=pieces,
        masked=whole != heard.body,
        headers=_masked_headers(heard.headers, secrets),
    )


def _masked_headers(headers: Pairs, secrets: list[bytes]) -> Pairs:
    return tuple(
        (name, masked(value.encode(errors="replace"), secrets).decode(errors="replace"))
        for name, value in headers
    )
