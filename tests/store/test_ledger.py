"""The ledger's tables: a row for each, closed after a crash, deleted for good when its time is over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from requests_told import CAME, attempt, request, rows_of

from peekd.records.entries import RequestRecord
from peekd.signatures.settings import SignatureSettings
from peekd.store.database import ENDED, Database
from peekd.store.ledger import CHUNK
from peekd.store.queries import Kept, Query, open_reader
from peekd.store.rows import BodyRow
from peekd.store.settings import RecordSettings

DAY = 86400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "peekd.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with closing(Database(path, SignatureSettings(), RecordSettings(retention_days=1, max_mib=1))) as opened:
        yield opened


def kept(path: Path, query: Query | None = None) -> list[Kept]:
    with open_reader(path) as reader:
        return reader.requests(query or Query(limit=10_000))


def opened(name: str = "req_000001") -> RequestRecord:
    under_way = attempt(1, outcome="", ended=None)
    return request(name, under_way, state="open", outcome="", status=None, seconds=None, account="")


def test_a_row_is_written_once_and_then_in_place(database: Database, path: Path) -> None:
    database.apply([*rows_of(opened()), BodyRow("req_000001", "request", "a")])
    database.apply([*rows_of(request()), BodyRow("req_000001", "request", "b")])
    (one,) = kept(path)
    assert (one.request.open, one.request.outcome, len(one.attempts)) == (False, "completed", 1)
    with open_reader(path) as reader:
        assert reader.bodies("req_000001") == [BodyRow("req_000001", "request", "b")]


def test_of_one_batch_the_last_word_counts(database: Database, path: Path) -> None:
    database.apply([*rows_of(opened()), *rows_of(request()), *rows_of(opened("req_000002"))])
    assert {one.request.id: one.request.open for one in kept(path)} == {
        "req_000001": False,
        "req_000002": True,
    }


def test_what_a_process_that_is_gone_left_open_is_closed_and_counted(database: Database, path: Path) -> None:
    database.apply([*rows_of(opened()), *rows_of(request("req_000002"))])
    assert database.load(CAME).left_open == 1
    assert database.load(CAME).left_open == 0
    one = next(one for one in kept(path) if one.request.id == "req_000001")
    row, (tried,) = one.request, one.attempts
    assert (row.open, row.failed, row.outcome, row.note, row.words) == (False, True, "internal", ENDED, ENDED)
    assert (row.attempts, row.account) == (1, "alice")
    assert (tried.open, tried.outcome) == (False, "internal")


def test_who_lived_on_after_all_mends_its_rows(database: Database, path: Path) -> None:
    database.apply(rows_of(opened()))
    database.load(CAME)
    database.apply(rows_of(request()))
    assert kept(path)[0].request.outcome == "completed"


def test_what_is_over_its_time_is_deleted_and_no_byte_of_it_is_left(database: Database, path: Path) -> None:
    old = [
        request(f"req_{number:06}", attempt(account="marker-of-old"), session="marker-of-old")
        for number in range(CHUNK + 30)
    ]
    for record in old:
        database.apply([*rows_of(record), BodyRow(record.id, "answer", "marker-of-old " * 50)])
    database.apply(rows_of(request("req_young", came=CAME + DAY)))
    before = path.stat().st_size
    assert database.tidy(CAME + DAY + 1)
    assert len(kept(path)) == 31
    while database.tidy(CAME + DAY + 1):
        pass
    assert [one.request.id for one in kept(path)] == ["req_young"]
    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"marker-of-old" not in left
    assert path.stat().st_size < before / 4


def test_an_open_request_outlives_its_time(database: Database, path: Path) -> None:
    database.apply(rows_of(opened()))
    database.tidy(CAME + 9 * DAY)
    assert len(kept(path)) == 1


def test_the_oldest_make_room_when_it_grows_too_large(database: Database, path: Path) -> None:
    for number in range(1200):
        record = request(f"req_{number:06}", came=CAME + number)
        database.apply([*rows_of(record), BodyRow(record.id, "answer", f"{number} " * 500)])
    while database.tidy(CAME + 1200):
        pass
    left = sorted(one.request.id for one in kept(path))
    assert 0 < len(left) <= 700
    assert left[-1] == "req_001199"
    assert path.stat().st_size < 1.2 * 1024 * 1024


def test_tables_of_the_version_before_keep_what_they_hold(path: Path) -> None:
    from peekd.store.database import MIGRATIONS
    from peekd.store.interface import Bound

    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        older.execute("PRAGMA journal_mode = WAL")
        older.executescript(f"BEGIN; {MIGRATIONS[0]} PRAGMA user_version = 1; COMMIT;")
        older.execute("INSERT INTO bound VALUES ('resp_1', 'alice', 5.0)")
    with closing(Database(path, SignatureSettings())) as database:
        assert database.load(CAME).bound == (Bound("resp_1", "alice", 5.0),)
        database.apply(rows_of(request()))
        assert len(kept(path)) == 1
    with closing(sqlite3.connect(path)) as after:
        assert after.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert after.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_row_that_cannot_be_written_takes_its_batch_with_it_and_no_other(
    database: Database, path: Path
) -> None:
    odd = msgspec.structs.replace(rows_of(request("req_odd"))[0], words="\ud800")
    with pytest.raises(UnicodeEncodeError):
        database.apply([*rows_of(request()), odd])
    assert kept(path) == []
    database.apply(rows_of(request()))
    assert len(kept(path)) == 1
