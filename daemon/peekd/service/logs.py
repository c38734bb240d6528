"""Where journal entries go: journald, JSON lines, or a terminal. A sink never raises and never waits."""

from __future__ import annotations

import errno
import logging
import os
import select
import socket
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Final, Protocol

import msgspec
from typing_extensions import override

from peekd.records.entries import DEBUG, ERROR, INFO, NOTICE, WARNING, Entry, Journal

JOURNAL_SOCKET = "/run/systemd/journal/socket"
IDENTIFIER = "peekd"
VALUE_CHARACTERS = 16 * 1024
"""A longer value is cut in its middle: the journal refuses datagrams that do not fit its socket's buffer."""

LINE_BYTES = 4096
"""PIPE_BUF of Linux. A pipe that polls as writable takes this much without blocking, pipe(7)."""

PRIORITIES: Mapping[str, int] = {"debug": DEBUG, "info": INFO, "warning": WARNING, "error": ERROR}
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
_FIELDS: Final = tuple(f"PEEKD_{name.upper()}" for name in _SAID)
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


# ---- sinks --------------------------------------------------------------------------------------------


class Sink(Protocol):
    """Takes one entry at a time."""

    def __call__(self, entry: Entry) -> None:
        """Write it if that can be done at once."""
        ...


class NativeSink:
    """Datagrams to journald. What it does not take at once is dropped and counted."""

    def __init__(self, address: str = JOURNAL_SOCKET) -> None:
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.settimeout(0)
        self.dropped = 0

    def __call__(self, entry: Entry) -> None:
        """Send it, cut shorter if it is still too long for the socket."""
        fields = encode_fields(entry)
        if self.dropped:
            fields["PEEKD_DROPPED"] = str(self.dropped)
        for most in (VALUE_CHARACTERS, VALUE_CHARACTERS // 16):
            try:
                self._socket.sendto(encode_datagram(fields, most), self._address)
            except OSError as error:
                if error.errno == errno.EMSGSIZE:
                    continue
                break
            self.dropped = 0
            return
        self.dropped += 1

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


class LineSink:
    """Lines to a descriptor. A line that it does not take at once is dropped, and counted in the next.

    The descriptor stays blocking, for it is shared with whoever started us: it is asked first, and no line
    is longer than what it then takes at once.
    """

    def __init__(self, descriptor: int, encode: Callable[[Entry, int], bytes]) -> None:
        self._descriptor = descriptor
        self._encode = encode
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self.dropped = 0

    def __call__(self, entry: Entry) -> None:
        """Write its line, where there is one, if the descriptor takes it."""
        line = self._encode(entry, self.dropped)
        if line:
            self.dropped = 0 if self._write(line) else self.dropped + 1

    def _write(self, line: bytes) -> bool:
        ready = self._poll.poll(0)
        if not ready or not ready[0][1] & select.POLLOUT:
            return False
        try:
            os.write(self._descriptor, line)
        except OSError:
            return False
        return True


def encode_json_entry(entry: Entry, dropped: int, *, now: float | None = None) -> bytes:
    """Write an entry as a JSON line, its time as RFC 3339; `dropped` tells how many before it were lost."""
    wall = time.time() if now is None else now
    clock = f"{_second(int(wall))}.{int(wall % 1 * 1000):03d}Z"
    fields = {"TIME": clock, **encode_fields(entry)}
    return encode_line({**fields, "PEEKD_DROPPED": str(dropped)} if dropped else fields)


@lru_cache(maxsize=8)
def _second(wall: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(wall))


def encode_terminal_entry(entry: Entry, dropped: int, *, now: time.struct_time | None = None) -> bytes:
    """Write an entry for a person: time, rank, request, message."""
    clock = time.strftime("%H:%M:%S", now or time.localtime())
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


# ---- choosing one -------------------------------------------------------------------------------------


def open_journal(level: str, environ: Mapping[str, str], descriptor: int = 2) -> Filtered:
    """Choose where entries go: the journal where stderr is the journal, a terminal, else JSON lines."""
    least = PRIORITIES[level]
    sink: Sink
    if is_journal(environ.get("JOURNAL_STREAM", ""), descriptor) and Path(JOURNAL_SOCKET).exists():
        sink = NativeSink()
    elif os.isatty(descriptor):
        sink = LineSink(descriptor, encode_terminal_entry)
    else:
        sink = LineSink(descriptor, encode_json_entry)
    return Filtered(sink, least)


class Filtered:
    """Lets through what ranks at least `least`; a lower number ranks higher (syslog)."""

    def __init__(self, sink: Journal, least: int) -> None:
        self._sink = sink
        self._least = least

    def __call__(self, entry: Entry) -> None:
        """Pass it on, or not."""
        if entry.priority <= self._least:
            self._sink(entry)

    @property
    def least(self) -> int:
        """The least that passes."""
        return self._least

    def tune(self, level: str) -> None:
        """Take another least level, by its name in the settings."""
        self._least = PRIORITIES[level]


def is_journal(stream: str, descriptor: int) -> bool:
    """Whether $JOURNAL_STREAM, DEVICE:INODE, is this very descriptor; it may be inherited and stale."""
    device, _, inode = stream.partition(":")
    if not device.isdigit() or not inode.isdigit():
        return False
    try:
        here = os.fstat(descriptor)
    except OSError:
        return False
    return (here.st_dev, here.st_ino) == (int(device), int(inode))


class LoggingBridge(logging.Handler):
    """Brings what libraries log through the standard library into our journal."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.WARNING)
        self._journal = journal

    @override
    def emit(self, record: logging.LogRecord) -> None:
        priority = ERROR if record.levelno >= logging.ERROR else WARNING
        self._journal(Entry(f"{record.name}: {self.format(record)}", priority))
