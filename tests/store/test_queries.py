"""The read side finds what fits, beside a writer and without one, also where nothing can be written."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from requests_told import CAME, attempt, request, rows_of

from peekd.signatures.settings import SignatureSettings
from peekd.store.database import Database
from peekd.store.queries import NoLedger, Query, open_reader


@pytest.fixture
def path(tmp_path: Path) -> Path:
    directory = tmp_path / "state"
    directory.mkdir()
    return directory / "peekd.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with closing(Database(path, SignatureSettings())) as opened:
        opened.apply([
            *rows_of(request("req_000001", came=CAME)),
            *rows_of(
                request(
                    "req_000002",
                    attempt(1, "bob", "silent", upstream_error="Nothing CAME", move="rotate"),
                    attempt(2, "alice"),
                    came=CAME + 1,
                    session="s-22",
                    model="claude-y",
                )
            ),
            *rows_of(
                request(
                    "req_000003",
                    attempt(1, "carol", "broken"),
                    came=CAME + 2,
                    outcome="broken",
                    path="/v1/responses",
                    key="team",
                )
            ),
            *rows_of(request("req_000004", came=CAME + 3, state="open", outcome="")),
        ])
        yield opened


def found(path: Path, query: Query) -> list[str]:
    with open_reader(path) as reader:
        return [one.request.id[-1] for one in reader.requests(query)]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (Query(), "4321"),
        (Query(limit=2), "43"),
        (Query(before=CAME + 2), "21"),
        (Query(since=CAME + 1, before=CAME + 3), "32"),
        (Query(failed=True), "3"),
        (Query(healed=True), "2"),
        (Query(open=True), "4"),
        (Query(account="bo"), "2"),
        (Query(model="-y"), "2"),
        (Query(model="gpt-5"), "4321"),
        (Query(session="s-2"), "2"),
        (Query(path="responses"), "3"),
        (Query(key="team"), "3"),
        (Query(key="tea"), ""),
        (Query(outcome="silent"), "2"),
        (Query(outcome="broken"), "3"),
        (Query(text="nothing came"), "2"),
        (Query(text="%"), ""),
        (Query(failed=True, account="alice"), ""),
    ],
)
def test_what_fits_is_found_the_newest_first(database: Database, path: Path, query: Query, ids: str) -> None:
    assert "".join(found(path, query)) == ids


def test_attempts_come_with_their_request_in_their_order(database: Database, path: Path) -> None:
    with open_reader(path) as reader:
        (one,) = reader.requests(Query(healed=True))
    assert [(tried.number, tried.account, tried.cause) for tried in one.attempts] == [
        (1, "bob", "silent"),
        (2, "alice", ""),
    ]


def test_one_is_found_by_its_id_its_end_or_its_place(database: Database, path: Path) -> None:
    with open_reader(path) as reader:
        names = ("req_000002", "000002", "last", "last-failed", "2", "req_00000x")
        told = [reader.find(name) for name in names]
    assert [one.request.id[-1] if one else None for one in told] == ["2", "2", "3", "3", None, None]


def test_a_reader_sees_what_is_written_beside_it(database: Database, path: Path) -> None:
    with open_reader(path) as reader:
        assert len(reader.requests(Query())) == 4
        database.apply(rows_of(request("req_000005", came=CAME + 9)))
        assert len(reader.requests(Query())) == 5


def test_a_reader_can_write_nothing(database: Database, path: Path) -> None:
    with open_reader(path) as reader, pytest.raises(NoLedger, match="readonly"):
        reader.rows("DELETE FROM requests")


def test_a_file_that_is_whole_is_read_where_nothing_can_be_written(database: Database, path: Path) -> None:
    database.close()
    assert sorted(file.name for file in path.parent.iterdir()) == ["peekd.db"]
    with read_only(path):
        assert "".join(found(path, Query())) == "4321"


def test_what_a_killed_process_left_in_its_log_is_read_too(
    database: Database, path: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "left/peekd.db"
    copy.parent.mkdir()
    for name in ("peekd.db", "peekd.db-wal"):
        shutil.copyfile(path.with_name(name), copy.with_name(name))
    with read_only(copy):
        assert "".join(found(copy, Query())) == "4321"
    assert sorted(file.name for file in copy.parent.iterdir()) == ["peekd.db", "peekd.db-wal"]


class read_only:  # noqa: N801  a context manager reads as a verb
    """Let SQLite make no file beside this one, as in a directory of another's; root may write everywhere."""

    def __init__(self, path: Path) -> None:
        self._shm = path.with_name(f"{path.name}-shm")

    def __enter__(self) -> None:
        self._shm.symlink_to(self._shm.parent / "nowhere/at-all")

    def __exit__(self, *_: object) -> None:
        self._shm.unlink()


@pytest.mark.parametrize("content", [None, b"", b"no database" * 1000])
def test_what_is_no_ledger_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "odd.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NoLedger), open_reader(path):
        pass


def test_a_database_without_these_tables_is_none(tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    with closing(sqlite3.connect(path)) as older:
        older.execute("CREATE TABLE steps (key TEXT)")
    with pytest.raises(NoLedger, match="no such table: requests"), open_reader(path):
        pass


def test_rows_of_another_shape_are_told(database: Database, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as stranger:
        stranger.execute("UPDATE requests SET attempts = 'many'")
    with open_reader(path) as reader, pytest.raises(NoLedger, match="not what this peekd wrote"):
        reader.requests(Query())


def test_only_its_owner_may_look(database: Database, path: Path) -> None:
    assert all(file.stat().st_mode & 0o077 == 0 for file in path.parent.iterdir())
