from __future__ import annotations

import fcntl
import logging
import os
import pty
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.records.entries import DEBUG, ERROR, INFO, WARNING, Entry
from peekd.service.logs import (
    LINE_BYTES,
    Filtered,
    LineSink,
    LoggingBridge,
    NativeSink,
    encode_datagram,
    encode_fields,
    encode_json_entry,
    encode_line,
    encode_terminal_entry,
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


def test_every_field_has_its_journal_name_and_what_says_nothing_is_left_out() -> None:
    assert encode_fields(FULL) == {
        "MESSAGE": "retrying...",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "peekd",
        "PEEKD_REQUEST": "req_1",
        "PEEKD_ATTEMPT": "2",
        "PEEKD_ACCOUNT": "alice",
        "PEEKD_MODEL": "m",
        "PEEKD_UPSTREAM": "up",
        "PEEKD_PHASE": "decide",
        "PEEKD_OUTCOME": "silent",
        "PEEKD_MOVE": "rotate",
        "PEEKD_STATUS": "529",
        "PEEKD_UPSTREAM_ERROR": "type: words",
    }
    assert set(encode_fields(Entry("hello"))) == {"MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER"}


@given(st.dictionaries(st.text("ABC_", min_size=1), st.text(max_size=40)))
def test_any_value_comes_through_the_native_protocol_whole(fields: dict[str, str]) -> None:
    read = parsed(encode_datagram(fields))
    assert read == {name: value.encode(errors="replace") for name, value in fields.items()}


@given(st.dictionaries(st.text("ABC", min_size=1, max_size=9), st.text(max_size=9000), max_size=5))
def test_a_line_is_json_and_fits_a_pipe_however_long_its_values(fields: dict[str, str]) -> None:
    line = encode_line(fields)
    assert len(line) <= LINE_BYTES
    assert line.count(b"\n") == 1
    assert msgspec.json.decode(line, type=dict[str, str]).keys() == fields.keys()


def test_of_a_long_traceback_the_end_is_kept() -> None:
    line = encode_json_entry(Entry("Traceback\n" + "frame\n" * 4000 + "ZeroDivisionError: why"), 0)
    message = msgspec.json.decode(line, type=dict[str, str])["MESSAGE"]
    assert message.startswith("Traceback")
    assert message.endswith("ZeroDivisionError: why")


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


def test_a_terminal_gets_a_readable_line_and_no_strangers_control_codes() -> None:
    noon = time.struct_time((2026, 1, 1, 12, 0, 0, 3, 1, 0))
    assert (
        encode_terminal_entry(Entry("hello", INFO, "req_1"), 0, now=noon) == b"12:00:00 info    req_1 hello\n"
    )
    loud = encode_terminal_entry(Entry("bad \x1b]0;title\x07", ERROR), 3, now=noon)
    assert loud == "\x1b[31m12:00:00 error   bad \ufffd]0;title\ufffd (3 lines lost)\x1b[0m\n".encode()
    assert len(encode_terminal_entry(Entry("€" * 9000), 0, now=noon)) <= LINE_BYTES


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


def test_a_json_line_begins_with_its_time() -> None:
    line = msgspec.json.decode(encode_json_entry(Entry("hello"), 0, now=1_767_225_600.25))
    assert line["TIME"] == "2026-01-01T00:00:00.250Z"
    assert next(iter(line)) == "TIME"


def test_a_journal_can_be_tuned_while_it_is_used() -> None:
    got: list[Entry] = []
    journal = Filtered(got.append, INFO)
    journal(Entry("first", DEBUG))
    journal.tune("debug")
    journal(Entry("second", DEBUG))
    journal.tune("error")
    journal(Entry("third", WARNING))
    assert [entry.message for entry in got] == ["second"]
