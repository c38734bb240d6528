"""Captures are a ring on disk, and a disk that cannot take them costs captures, never a request."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from requests_told import request

from peekd.healing.settings import RouteSettings
from peekd.records.captures import Capture
from peekd.relay.taping import Taken
from peekd.service.tapes import FOLDER, MOST_WAITING, Ring, find_capture, open_tapes
from peekd.store.settings import RecordSettings


def taken(name: str, came: float = 1.0, *, outcome: str = "completed", size: int = 2) -> Taken:
    record = msgspec.structs.replace(request(name), came=came, outcome=outcome)
    return Taken(Capture(record, (), b"x" * size, RouteSettings("*", ("up",)), ()), frozenset())


def test_a_capture_is_found_by_its_id_the_end_of_it_or_as_the_last(tmp_path: Path) -> None:
    ring = Ring(tmp_path, 1 << 20)
    ring.keep(taken("req_000001", 1.0, outcome="exhausted"))
    ring.keep(taken("req_000002", 2.0))
    for name, found in {
        "req_000001": "req_000001",
        "000002": "req_000002",
        "last": "req_000002",
        "last-failed": "req_000001",
    }.items():
        capture = find_capture(tmp_path, name)
        assert capture is not None
        assert capture.record.id == found
    assert find_capture(tmp_path, "2") is None
    assert find_capture(tmp_path / "nowhere", "last") is None
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_the_oldest_make_room(tmp_path: Path) -> None:
    ring = Ring(tmp_path, 6000)
    for number in range(8):
        ring.keep(taken(f"req_00000{number}", number, size=1000))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 6000
    assert find_capture(tmp_path, "req_000000") is None
    assert find_capture(tmp_path, "req_000007") is not None


def test_what_is_larger_than_the_ring_is_refused_and_displaces_nothing(tmp_path: Path) -> None:
    ring = Ring(tmp_path, 6000)
    ring.keep(taken("req_000001"))
    with pytest.raises(OSError, match="capture_mib"):
        ring.keep(taken("req_000002", size=6000))
    assert find_capture(tmp_path, "req_000001") is not None


async def test_what_is_queued_is_on_disk_when_it_closes(tmp_path: Path) -> None:
    async with open_tapes(tmp_path, RecordSettings(capture="all"), pytest.fail) as opened:
        assert opened.tapes is not None
        opened.tapes.take(taken("req_000001"))
    assert find_capture(tmp_path / FOLDER, "last") is not None
    assert opened.lost() == 0


async def test_a_disk_that_takes_nothing_loses_captures_counts_them_and_tells_it_once(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / FOLDER).write_text("a file")
    async with open_tapes(tmp_path, RecordSettings(capture="all"), told.append) as opened:
        assert opened.tapes is not None
        for _ in range(MOST_WAITING + 3):
            opened.tapes.take(taken("req_000001"))
        assert opened.lost() == 3
    assert opened.lost() == MOST_WAITING + 3
    assert len(told) == 1
    assert "requests go on" in told[0]


async def test_nothing_is_kept_unless_it_is_asked_for(tmp_path: Path) -> None:
    async with open_tapes(tmp_path, RecordSettings(), pytest.fail) as opened:
        assert opened.tapes is None
    async with open_tapes(None, RecordSettings(capture="all"), pytest.fail) as opened:
        assert opened.tapes is None
