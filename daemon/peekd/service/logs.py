"""Where journal entries go: journald, JSON lines, or a terminal. A sink never raises and never waits."""

from __future__ import annotations

import errno
import logging
import os
import select
import socket
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import trio
from typing_extensions import override

from peekd.records.entries import DEBUG, ERROR, INFO, WARNING, Entry, Journal
from peekd.service.lines import (
    LINE_BYTES,
    VALUE_CHARACTERS,
    encode_datagram,
    encode_fields,
    encode_json_entry,
    encode_terminal_entry,
)

JOURNAL_SOCKET = "/run/systemd/journal/socket"
GATHER_SECONDS = 0.02
"""How long a line waits for others: a process that is killed has not written those of that time."""

MOST_GATHERED = 64
"""Lines that wait at most."""

PRIORITIES: Mapping[str, int] = {"debug": DEBUG, "info": INFO, "warning": WARNING, "error": ERROR}
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


Encode = Callable[[Entry, int, float], bytes]
"""Writes an entry of some wall time as a line, b"" for none; the number: how many before it were lost."""


class LineSink:
    """Lines to a descriptor. A line that it does not take at once is dropped, and counted in the next.

    The descriptor stays blocking, for it is shared with whoever started us: it is asked first, and nothing
    that is written is longer than what it then takes at once. While it `gathers`, lines wait for `flush`, but
    for those that tell of trouble.
    """

    def __init__(self, descriptor: int, encode: Encode) -> None:
        self._descriptor = descriptor
        self._encode = encode
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._waiting: list[tuple[float, Entry]] = []
        self._stirred = trio.Event()
        self.gathers = False
        self.dropped = 0

    def __call__(self, entry: Entry) -> None:
        """Write its line, where there is one, if the descriptor takes it."""
        waiting = self._waiting
        waiting.append((time.time(), entry))
        count = len(waiting)
        if not self.gathers or entry.priority <= WARNING or count >= MOST_GATHERED:
            self.flush()
        elif count == 1:
            self._stirred.set()

    async def flush_in_time(self) -> None:
        """Write what waits when it has waited for `GATHER_SECONDS`; until cancelled."""
        while True:
            await self._stirred.wait()
            await trio.sleep(GATHER_SECONDS)
            self._stirred = trio.Event()
            self.flush()

    def flush(self) -> None:
        """Write what waits, as many lines at once as fit; where some are not taken, the rest is lost too."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        encode, dropped = self._encode, self.dropped
        lines: list[bytes] = []
        size, goes = 0, True
        for wall, entry in waiting:  # one after the other, which is cheaper than each in its time
            line = encode(entry, dropped, wall)
            if not line:
                continue
            dropped = 0
            size += len(line)
            if size > LINE_BYTES and lines:
                goes = self._send(lines, goes=goes)
                lines, size = [], len(line)
            lines.append(line)
        self._send(lines, goes=goes)

    def _send(self, lines: list[bytes], *, goes: bool) -> bool:
        """Write lines that fit together, where anything `goes`; tells whether more may."""
        if not lines:
            return goes
        goes = goes and self._write(b"".join(lines))
        self.dropped = 0 if goes else self.dropped + len(lines)
        return goes

    def _write(self, data: bytes) -> bool:
        ready = self._poll.poll(0)
        if not ready or not ready[0][1] & select.POLLOUT:
            return False
        try:
            os.write(self._descriptor, data)
        except OSError:
            return False
        return True


# ---- choosing one -------------------------------------------------------------------------------------


@asynccontextmanager
async def gathering(sink: Journal) -> AsyncGenerator[None]:
    """Let what is said within `GATHER_SECONDS` go out in few writes, until the block ends.

    Lines of trouble never wait, and take along what came before them.
    """
    if not isinstance(sink, LineSink):
        yield
        return
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sink.flush_in_time)
        sink.gathers = True
        try:
            yield
        finally:
            nursery.cancel_scope.cancel()
            sink.gathers = False
            sink.flush()


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
        self.sink = sink
        self._pass = sink.__call__
        """Methods, this and `write`: an object that is called by itself takes three times as long."""
        self._least = least

    def __call__(self, entry: Entry) -> None:
        """Pass it on, or not."""
        self.write(entry)

    def write(self, entry: Entry) -> None:
        """Pass it on, or not."""
        if entry.priority <= self._least:
            self._pass(entry)

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
