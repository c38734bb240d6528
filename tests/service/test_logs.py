from __future__ import annotations

import fcntl
import logging
import os
import pty
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import pytest
import trio

from peekd.records.entries import DEBUG, ERROR, INFO, WARNING, Entry
from peekd.service.lines import LINE_BYTES, encode_json_entry
from peekd.service.logs import (
    GATHER_SECONDS,
    Filtered,
    LineSink,
    LoggingBridge,
    NativeSink,
    gathering,
    is_journal,
    open_journal,
)

FULL = Entry(
    "retrying...", WARNING, "req_1", 2, "alice", "m", "up", "decide", "silent", "rotate", 529, "type: words"
)


def parsed(datagram: bytes) -> dict[str, bytes]:
    """Read the journal's native protocol, both forms."""
    fields: dict[str, bytes] = {}
    while datagram:
        line, _, datagram = datagram.partition(b"\n")
        name, mark, value = line.partition(b"=")
        if not mark:
            size = int.from_bytes(datagram[:8], "little")
            value, datagram = datagram[8 : 8 + size], datagram[9 + size :]
        fields[name.decode()] = value
    return fields


# ---- sinks ---------------------------------------------------------------------------------------------


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "socket"))
        sock.settimeout(0)
        yield str(tmp_path / "socket"), sock


@pytest.fixture
def native(journald: tuple[str, socket.socket]) -> Iterator[NativeSink]:
    sink = NativeSink(journald[0])
    yield sink
    sink.close()


def test_entries_reach_the_journal_as_fields(native: NativeSink, journald: tuple[str, socket.socket]) -> None:
    native(FULL)
    fields = parsed(journald[1].recv(65536))
    assert fields["PEEKD_REQUEST"] == b"req_1"
    native(Entry("two\nlines"))
    assert parsed(journald[1].recv(65536))["MESSAGE"] == b"two\nlines"


def test_a_journal_that_takes_nothing_loses_entries_and_later_says_how_many(
    native: NativeSink, journald: tuple[str, socket.socket]
) -> None:
    sent = 0
    while not native.dropped:
        native(FULL)
        sent += 1
    native(FULL)
    got = 0
    while got < sent - 1:
        journald[1].recv(65536)
        got += 1
    native(Entry("back"))
    assert parsed(journald[1].recv(65536))["PEEKD_DROPPED"] == b"2"
    native(Entry("and on"))
    assert "PEEKD_DROPPED" not in parsed(journald[1].recv(65536))


def test_no_journal_at_all_is_no_fault() -> None:
    sink = NativeSink("/nowhere/journal")
    sink(FULL)
    assert sink.dropped == 1
    sink.close()


def test_a_full_pipe_neither_blocks_nor_raises_and_the_loss_is_told() -> None:
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
    sink = LineSink(write_end, encode_json_entry)
    for _ in range(100):
        sink(FULL)
    lost = sink.dropped
    assert lost > 0
    lines = os.read(read_end, 65536).splitlines()
    assert len(lines) + lost == 100
    assert all(msgspec.json.decode(line) for line in lines)
    sink(Entry("back"))
    assert msgspec.json.decode(os.read(read_end, 65536), type=dict[str, Any])["PEEKD_DROPPED"] == str(lost)
    os.close(read_end)
    sink(Entry("the reader is gone"))
    assert sink.dropped == 1
    os.close(write_end)


class Pipe:
    """A sink before a pipe, and what has come out of it so far."""

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self.sink = LineSink(self.write_end, encode_json_entry)

    def messages(self) -> list[str]:
        with suppress(BlockingIOError):
            lines = os.read(self._read_end, 1 << 20).splitlines()
            return [msgspec.json.decode(line, type=dict[str, str])["MESSAGE"] for line in lines]
        return []

    def close(self) -> None:
        os.close(self._read_end)
        os.close(self.write_end)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


async def test_what_is_said_within_a_moment_goes_out_together(pipe: Pipe, autojump_clock: object) -> None:
    async with gathering(pipe.sink):
        pipe.sink(Entry("one"))
        await trio.sleep(GATHER_SECONDS / 2)
        pipe.sink(Entry("two"))
        assert pipe.messages() == []
        await trio.sleep(GATHER_SECONDS)
        assert pipe.messages() == ["one", "two"]
        pipe.sink(Entry("three"))
        await trio.sleep(GATHER_SECONDS * 2)
        assert pipe.messages() == ["three"]
        pipe.sink(Entry("three"))
    assert pipe.messages() == ["three"]
    pipe.sink(Entry("four"))
    assert pipe.messages() == ["four"]


def test_trouble_goes_out_at_once_behind_what_came_before(pipe: Pipe) -> None:
    pipe.sink.gathers = True
    pipe.sink(Entry("one"))
    pipe.sink(Entry("trouble", WARNING))
    assert pipe.messages() == ["one", "trouble"]


def test_a_turn_that_says_much_is_written_in_pieces_that_a_pipe_takes(pipe: Pipe) -> None:
    words = [f"{number} {'x' * 300}" for number in range(100)]
    pipe.sink.gathers = True
    with mock.patch.object(os, "write", wraps=os.write) as write:
        for one in words:
            pipe.sink(Entry(one))
        pipe.sink.flush()
    assert pipe.messages() == words
    assert all(len(call.args[1]) <= LINE_BYTES for call in write.call_args_list)
    assert len(write.call_args_list) < len(words) / 5


def test_lines_that_a_pipe_does_not_take_are_counted_once(pipe: Pipe) -> None:
    fcntl.fcntl(pipe.write_end, fcntl.F_SETPIPE_SZ, 4096)
    os.write(pipe.write_end, b"x" * 4000 + b"\n")
    pipe.sink.gathers = True
    for _ in range(9):
        pipe.sink(Entry("lost"))
    pipe.sink.flush()
    assert pipe.sink.dropped == 9


# ---- choosing ------------------------------------------------------------------------------------------


def test_the_journal_is_known_by_device_and_inode(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        status = os.fstat(file.fileno())
        assert is_journal(f"{status.st_dev}:{status.st_ino}", file.fileno())
        assert not is_journal(f"{status.st_dev}:{status.st_ino + 1}", file.fileno())
        assert not is_journal("", file.fileno())
        assert not is_journal("x:y", file.fileno())
    assert not is_journal("1:2", 10**6)


def test_lower_ranks_than_the_level_are_not_written() -> None:
    got: list[Entry] = []
    journal = Filtered(got.append, INFO)
    for priority in (DEBUG, INFO, WARNING):
        journal(Entry("x", priority))
    assert [entry.priority for entry in got] == [INFO, WARNING]


def test_a_pipe_gets_json_and_a_terminal_gets_words() -> None:
    read_end, write_end = os.pipe()
    open_journal("info", {}, write_end)(Entry("hello"))
    assert msgspec.json.decode(os.read(read_end, 4096), type=dict[str, str])["MESSAGE"] == "hello"
    main, side = pty.openpty()
    open_journal("info", {}, side)(Entry("hello"))
    assert os.read(main, 4096).endswith(b"info    hello\r\n")
    for descriptor in (read_end, write_end, main, side):
        os.close(descriptor)


def test_what_libraries_log_reaches_the_journal() -> None:
    got: list[Entry] = []
    logger = logging.getLogger("peekd.test.library")
    logger.propagate = False
    bridge = LoggingBridge(got.append)
    logger.addHandler(bridge)
    logger.warning("careful with %s", "that")
    logger.error("broken")
    logger.info("chatter")
    logger.removeHandler(bridge)
    assert [(entry.message, entry.priority) for entry in got] == [
        ("peekd.test.library: careful with that", WARNING),
        ("peekd.test.library: broken", ERROR),
    ]


def test_a_journal_can_be_tuned_while_it_is_used() -> None:
    got: list[Entry] = []
    journal = Filtered(got.append, INFO)
    journal(Entry("first", DEBUG))
    journal.tune("debug")
    journal(Entry("second", DEBUG))
    journal.tune("error")
    journal(Entry("third", WARNING))
    assert [entry.message for entry in got] == ["second"]
