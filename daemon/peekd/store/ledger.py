"""The ledger's tables: how rows are written, closed after a crash, and deleted when their time is over.

Blocking; only the database calls it, within its own transactions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Final

import msgspec

from peekd.store.rows import AttemptRow, BodyRow, RequestRow, Row

TABLES: Final = """
    CREATE TABLE requests (
        id TEXT NOT NULL UNIQUE, came REAL NOT NULL, open INTEGER NOT NULL,
        failed INTEGER NOT NULL, healed INTEGER NOT NULL, outcome TEXT NOT NULL, note TEXT NOT NULL,
        status INTEGER, path TEXT NOT NULL, protocol TEXT NOT NULL, client TEXT NOT NULL,
        key TEXT NOT NULL, session TEXT NOT NULL,
        model TEXT NOT NULL, mapped_model TEXT NOT NULL, account TEXT NOT NULL, upstream TEXT NOT NULL,
        attempts INTEGER NOT NULL, seconds REAL, first_meaning REAL, prompt INTEGER, cached INTEGER,
        cache_written INTEGER, output INTEGER, thoughts INTEGER, counted TEXT NOT NULL,
        wasted INTEGER NOT NULL, cost REAL, words TEXT NOT NULL, told BLOB NOT NULL
    );
    CREATE INDEX requests_came ON requests (came);
    CREATE INDEX requests_open ON requests (open) WHERE open;
    CREATE INDEX requests_failed ON requests (came) WHERE failed;
    CREATE TABLE attempts (
        request TEXT NOT NULL, number INTEGER NOT NULL, began REAL NOT NULL, open INTEGER NOT NULL,
        account TEXT NOT NULL, upstream TEXT NOT NULL, model TEXT NOT NULL, status INTEGER,
        outcome TEXT NOT NULL, move TEXT NOT NULL, cause TEXT NOT NULL, prompt INTEGER, cached INTEGER,
        cache_written INTEGER, output INTEGER, thoughts INTEGER, counted TEXT NOT NULL,
        wasted INTEGER NOT NULL, cost REAL, told BLOB NOT NULL, PRIMARY KEY (request, number)
    ) WITHOUT ROWID;
    CREATE INDEX attempts_began ON attempts (began);
    CREATE INDEX attempts_open ON attempts (open) WHERE open;
    CREATE TABLE bodies (
        request TEXT NOT NULL, part TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (request, part)
    ) WITHOUT ROWID;
"""

CHUNK: Final = 500
"""Requests that are deleted in one go: a fresh row waits no longer than for these."""

_TABLES: Final[Mapping[type[Row], str]] = {RequestRow: "requests", AttemptRow: "attempts", BodyRow: "bodies"}


_KEYS: Final[Mapping[type[Row], tuple[str, ...]]] = {
    RequestRow: ("id",),
    AttemptRow: ("request", "number"),
    BodyRow: ("request", "part"),
}


_SIZES: Final = (32, 8, 1)
"""Rows of one statement: few shapes, each compiled once, and below 999 values (SQLite before 3.32)."""


@cache
def _upsert(kind: type[Row], count: int) -> str:
    names = kind.__struct_fields__
    marks = ", ".join(["(" + ", ".join("?" * len(names)) + ")"] * count)
    fresh = ", ".join(f"{name} = excluded.{name}" for name in names if name not in _KEYS[kind])
    keys = ", ".join(_KEYS[kind])
    insert = f"INSERT INTO {_TABLES[kind]} ({', '.join(names)}) VALUES {marks}"  # noqa: S608  our own names
    return f"{insert} ON CONFLICT ({keys}) DO UPDATE SET {fresh}"


# What was open in a process that is gone. A process that lives on after all (two of them at one file) writes
# its rows whole when it closes them, and so mends what is said here.
_CLOSE_REQUESTS: Final = """
    UPDATE requests SET open = 0, failed = 1, outcome = 'internal', note = ?, words = ?,
        attempts = (SELECT COUNT(*) FROM attempts WHERE request = id),
        account = COALESCE((SELECT account FROM attempts WHERE request = id ORDER BY number DESC LIMIT 1), '')
    WHERE open
"""
_CLOSE_ATTEMPTS: Final = "UPDATE attempts SET open = 0, outcome = 'internal' WHERE open"

_OLDEST: Final = "SELECT id FROM requests WHERE came < ? AND NOT open ORDER BY came LIMIT ?"
_DELETES: Final = (
    f"DELETE FROM attempts WHERE request IN ({_OLDEST})",  # noqa: S608  made of our own text alone
    f"DELETE FROM bodies WHERE request IN ({_OLDEST})",  # noqa: S608
    f"DELETE FROM requests WHERE id IN ({_OLDEST})",  # noqa: S608
)


def statements(rows: Iterable[Row]) -> Iterator[tuple[str, list[object]]]:
    """Give what writes rows, each in place of an earlier one of the same request or attempt, the last counts.

    Many rows go in one statement: Python's lock is let go and taken again for each, and where a busy thread
    wants it as well, that costs more than SQLite's work.
    """
    kinds: dict[type[Row], list[Row]] = {}
    for row in rows:
        kinds.setdefault(type(row), []).append(row)
    for kind, same in kinds.items():
        begin = 0
        while begin < len(same):
            count = next(size for size in _SIZES if size <= len(same) - begin)
            some = same[begin : begin + count]
            yield _upsert(kind, count), list(chain.from_iterable(map(msgspec.structs.astuple, some)))
            begin += count


def close_open(connection: sqlite3.Connection, note: str) -> int:
    """Close what a process that is gone left open; gives how many requests that were."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        closed = connection.execute(_CLOSE_REQUESTS, (note, note)).rowcount
        connection.execute(_CLOSE_ATTEMPTS)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return closed


def delete_before(connection: sqlite3.Connection, came: float, most: int = CHUNK) -> int:
    """Delete the oldest closed requests that came before then, with all that belongs to them; how many."""
    connection.execute("BEGIN IMMEDIATE")
    deleted = 0
    try:
        for delete in _DELETES:
            deleted = connection.execute(delete, (came, most)).rowcount
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return deleted
