from __future__ import annotations

import time
from datetime import datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from peekd.records.entries import ERROR, INFO, WARNING, Entry
from peekd.service.lines import (
    LINE_BYTES,
    encode_datagram,
    encode_fields,
    encode_json_entry,
    encode_line,
    encode_terminal_entry,
)

NOON = time.mktime((2026, 1, 1, 12, 0, 0, 3, 1, 0))
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
    line = encode_json_entry(Entry("Traceback\n" + "frame\n" * 4000 + "ZeroDivisionError: why"), 0, NOON)
    message = msgspec.json.decode(line, type=dict[str, str])["MESSAGE"]
    assert message.startswith("Traceback")
    assert message.endswith("ZeroDivisionError: why")


def test_a_json_line_begins_with_its_time() -> None:
    line = msgspec.json.decode(encode_json_entry(Entry("hello"), 0, 1_767_225_600.25))
    assert line["TIME"] == "2026-01-01T00:00:00.250Z"
    assert next(iter(line)) == "TIME"


def test_a_terminal_gets_a_readable_line_and_no_strangers_control_codes() -> None:
    assert encode_terminal_entry(Entry("hello", INFO, "req_1"), 0, NOON) == b"12:00:00 info    req_1 hello\n"
    loud = encode_terminal_entry(Entry("bad \x1b]0;title\x07", ERROR), 3, NOON)
    assert loud == "\x1b[31m12:00:00 error   bad \ufffd]0;title\ufffd (3 lines lost)\x1b[0m\n".encode()
    assert len(encode_terminal_entry(Entry("€" * 9000), 0, NOON)) <= LINE_BYTES


def test_a_json_line_holds_the_fields_of_the_journal() -> None:
    line = msgspec.json.decode(encode_json_entry(FULL, 3, NOON), type=dict[str, str])
    assert list(line)[1:] == [*encode_fields(FULL), "PEEKD_DROPPED"]
    assert {name: line[name] for name in encode_fields(FULL)} == encode_fields(FULL)


def test_half_a_surrogate_costs_no_line() -> None:
    line = msgspec.json.decode(
        encode_json_entry(Entry("bad \ud800", request="req_1"), 0, NOON), type=dict[str, str]
    )
    assert (line["MESSAGE"], line["PEEKD_REQUEST"]) == ("bad ?", "req_1")


@given(st.floats(0, 4e9))
def test_the_time_of_a_line_is_that_of_its_millisecond(wall: float) -> None:
    told = str(msgspec.json.decode(encode_json_entry(Entry("hello"), 0, wall))["TIME"])
    assert -1e-6 <= wall - datetime.fromisoformat(told).timestamp() < 0.001 + 1e-6
