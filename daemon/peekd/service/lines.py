"""A journal entry as bytes: the journal's native fields, a line of JSON, or words for a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Final

import msgspec

from peekd.records.entries import DEBUG, ERROR, INFO, NOTICE, WARNING, Entry

IDENTIFIER = "peekd"
VALUE_CHARACTERS = 16 * 1024
"""A longer value is cut in its middle: the journal refuses datagrams that do not fit its socket's buffer."""

LINE_BYTES = 4096
"""PIPE_BUF of Linux. A pipe that polls as writable takes this much without blocking, pipe(7)."""

_NAMES: Mapping[int, str] = {
    DEBUG: "debug",
    INFO: "info",
    NOTICE: "notice",
    WARNING: "warning",
    ERROR: "error",
}
_COLOURS: Mapping[int, str] = {DEBUG: "2", NOTICE: "1", WARNING: "33", ERROR: "31"}

_SAID: Final = (
    "request",
    "attempt",
    "account",
    "model",
    "upstream",
    "phase",
    "outcome",
    "move",
    "status",
    "upstream_error",
)
_RENAMED: Final[Mapping[str, str]] = {
    "time": "TIME",
    "message": "MESSAGE",
    "priority": "PRIORITY",
    "identifier": "SYSLOG_IDENTIFIER",
}
_DIGITS: Final = tuple(map(str, range(8)))


def _field(name: str) -> str:
    return _RENAMED.get(name) or f"PEEKD_{name.upper()}"


_FIELDS: Final = tuple(map(_field, _SAID))
_values: Final[Callable[[Entry], tuple[str | int | None, ...]]] = attrgetter(*_SAID)
_JSON: Final = msgspec.json.Encoder()


def encode_fields(entry: Entry) -> dict[str, str]:
    """Give an entry's fields by their journal names; those that say nothing are left out."""
    fields = {"MESSAGE": entry.message, "PRIORITY": str(entry.priority), "SYSLOG_IDENTIFIER": IDENTIFIER}
    for field, value in zip(_FIELDS, _values(entry), strict=True):
        if value:
            fields[field] = value if isinstance(value, str) else str(value)
    return fields


def encode_datagram(fields: Mapping[str, str], most: int = VALUE_CHARACTERS) -> bytes:
    """Write fields in the journal's native protocol: a value of several lines goes with its length."""
    text = "".join([f"{name}={value}\n" for name, value in fields.items()])
    if len(text) <= most and text.count("\n") == len(fields):
        return text.encode(errors="replace")
    parts: list[bytes] = []
    for name, value in fields.items():
        data = shorten(value, most).encode(errors="replace")
        if b"\n" in data:
            parts.append(name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n")
        else:
            parts.append(name.encode() + b"=" + data + b"\n")
    return b"".join(parts)


def encode_line(fields: Mapping[str, str], most: int = LINE_BYTES) -> bytes:
    """Write fields as one line of JSON of at most `most` bytes; where it is too long, values are cut."""
    line = _encode(fields) + b"\n"
    limit = most
    while len(line) > most:
        line = _encode({name: shorten(value, limit) for name, value in fields.items()}) + b"\n"
        limit //= 2
    return line


def _encode(fields: Mapping[str, str]) -> bytes:
    try:
        return _JSON.encode(fields)
    except UnicodeEncodeError:  # half a surrogate
        return _JSON.encode({name: value.encode(errors="replace").decode() for name, value in fields.items()})


def shorten(text: str, most: int) -> str:
    """Cut the middle out of a text that is too long: of a traceback, the last lines matter most.

    >>> shorten("0123456789", 9), shorten("0123456789", 10)
    ('01 … 6789', '0123456789')
    """
    if len(text) <= most:
        return text
    head = max(0, (most - 3) // 3)
    tail = max(0, most - 3 - head)
    return f"{text[:head]} … {text[len(text) - tail :]}"


class _Line(msgspec.Struct, omit_defaults=True, gc=False, rename=_field):
    """A JSON line: encoded as a struct, which takes half of the time that a dictionary does."""

    time: str
    message: str
    priority: str
    identifier: str
    request: str = ""
    attempt: str = ""
    account: str = ""
    model: str = ""
    upstream: str = ""
    phase: str = ""
    outcome: str = ""
    move: str = ""
    status: str = ""
    upstream_error: str = ""
    dropped: str = ""


def encode_json_entry(entry: Entry, dropped: int, wall: float) -> bytes:
    """Write an entry of this wall time (RFC 3339) as a JSON line; `dropped`: how many before it are lost."""
    clock = _clock(int(wall * 1000))
    attempt, status = entry.attempt, entry.status
    line = _Line(
        clock,
        entry.message,
        _DIGITS[entry.priority],
        IDENTIFIER,
        entry.request,
        str(attempt) if attempt else "",
        entry.account,
        entry.model,
        entry.upstream,
        entry.phase,
        entry.outcome,
        entry.move,
        str(status) if status else "",
        entry.upstream_error,
        str(dropped) if dropped else "",
    )
    try:
        data = _JSON.encode(line) + b"\n"
    except UnicodeEncodeError:  # half a surrogate
        data = b""
    if data and len(data) <= LINE_BYTES:
        return data
    fields = {"TIME": clock, **encode_fields(entry)}
    return encode_line({**fields, "PEEKD_DROPPED": str(dropped)} if dropped else fields)


@lru_cache(maxsize=8)
def _clock(milliseconds: int) -> str:
    """Write a wall time; lines come several to a millisecond."""
    second, thousandths = divmod(milliseconds, 1000)
    return f"{_second(second)}.{thousandths:03d}Z"


@lru_cache(maxsize=8)
def _second(wall: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(wall))


def encode_terminal_entry(entry: Entry, dropped: int, wall: float) -> bytes:
    """Write an entry for a person: time, rank, request, message."""
    clock = time.strftime("%H:%M:%S", time.localtime(wall))
    rank = _NAMES.get(entry.priority, str(entry.priority))
    who = f" {entry.request}" if entry.request else ""
    lost = f" ({dropped} lines lost)" if dropped else ""
    text = shorten(_printable(f"{entry.message}{lost}"), LINE_BYTES // 5)
    colour = _COLOURS.get(entry.priority)
    line = f"{clock} {rank:<7}{who} {text}"
    return (f"\x1b[{colour}m{line}\x1b[0m\n" if colour else f"{line}\n").encode(errors="replace")


def _printable(text: str) -> str:
    """Take out what would steer a terminal; an upstream's words are a stranger's."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)
