"""The database itself: its tables, and the statements. Blocking; nobody but the writer calls it."""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Iterable
from itertools import starmap
from pathlib import Path
from typing import Final

import msgspec

from peekd.accounts.standing import Standing
from peekd.signatures.settings import SignatureSettings
from peekd.signatures.steps import Origin, Piece, Step
from peekd.store import ledger
from peekd.store.interface import Bound, Forgotten, Kept, Loaded, Refused, Told, Touched
from peekd.store.rows import AttemptRow, BodyRow, RequestRow, Row
from peekd.store.settings import RecordSettings

MOST_BOUND: Final = 10_000
"""Ids that are remembered at most."""

ENDED: Final = "peekd ended"
"""The note of what a process that is gone left open."""

_BUSY_SECONDS: Final = 1.0
_DAY: Final = 86400.0
_INCREMENTAL: Final = 2
_PAGES: Final = 1000
"""Free pages that are given back in one go."""
_MIB: Final = 1024 * 1024

_SIGNATURES: Final = """
    CREATE TABLE steps (
        key TEXT PRIMARY KEY, family TEXT NOT NULL, session TEXT NOT NULL, number INTEGER NOT NULL,
        upstream TEXT NOT NULL, model TEXT NOT NULL, account TEXT NOT NULL, learned REAL NOT NULL,
        used REAL NOT NULL, size INTEGER NOT NULL, pieces BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX steps_used ON steps (used);
    CREATE TABLE refused (
        session TEXT NOT NULL, since REAL NOT NULL, proofs BLOB NOT NULL, PRIMARY KEY (session, since)
    ) WITHOUT ROWID;
    CREATE TABLE bound (id TEXT PRIMARY KEY, account TEXT NOT NULL, since REAL NOT NULL) WITHOUT ROWID;
    CREATE INDEX bound_since ON bound (since);
"""

_STANDINGS: Final = """
    CREATE TABLE standings (account TEXT PRIMARY KEY, standing BLOB NOT NULL) WITHOUT ROWID;
"""

_BRANCHES: Final = "ALTER TABLE steps ADD COLUMN before TEXT NOT NULL DEFAULT '';"

MIGRATIONS: Final = (_SIGNATURES, ledger.TABLES, _STANDINGS, _BRANCHES)
"""What makes the tables of each version from those of the one before; the first begins with none."""

VERSION: Final = len(MIGRATIONS)
"""Of the tables, as `PRAGMA user_version` holds it."""

_KEEP: Final = "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TOUCH: Final = "UPDATE steps SET used = ? WHERE key = ?"
_FORGET: Final = "DELETE FROM steps WHERE key = ?"
_REFUSE: Final = "INSERT OR REPLACE INTO refused VALUES (?, ?, ?)"
_BIND: Final = "INSERT OR REPLACE INTO bound VALUES (?, ?, ?)"

_EXPIRE: Final = "DELETE FROM steps WHERE used < ?"
_RELENT: Final = "DELETE FROM refused WHERE since < ?"
_SHRINK: Final = """
    DELETE FROM steps WHERE key IN (
        SELECT key FROM (SELECT key, SUM(size) OVER (ORDER BY used DESC, key) AS held FROM steps)
        WHERE held > ?
    )
"""
_UNBIND: Final = "DELETE FROM bound WHERE id IN (SELECT id FROM bound ORDER BY since DESC LIMIT -1 OFFSET ?)"

_STEPS: Final = """
    SELECT family, session, number, upstream, model, account, before, learned, used, pieces
    FROM steps ORDER BY used
"""
_REFUSED: Final = "SELECT session, proofs, since FROM refused ORDER BY since"
_STAND: Final = "INSERT OR REPLACE INTO standings VALUES (?, ?)"
_STOOD: Final = "SELECT standing FROM standings ORDER BY account"
_BOUND: Final = "SELECT id, account, since FROM bound ORDER BY since"

_proofs: Final = msgspec.msgpack.Decoder(tuple[str, ...])
_standings: Final = msgspec.msgpack.Decoder(Standing)
_pieces: Final = msgspec.msgpack.Decoder(tuple[Piece, ...])


def _as_it_is(value: None) -> None:
    """Nothing is to be changed."""


# For each value that is neither text, a float nor exactly an int, sqlite3 looks for a way to adapt it, and
# first in vain in three places. What a row holds of such is told at once.
sqlite3.register_adapter(type(None), _as_it_is)
sqlite3.register_adapter(bool, int)
sqlite3.register_adapter(bytes, bytes)


class Unreadable(Exception):
    """The file is no database, is broken, or is of a later version of peekd (`newer`)."""

    def __init__(self, message: str, *, newer: bool = False) -> None:
        super().__init__(message)
        self.newer = newer


class Database:
    """An open database. Methods raise sqlite3.Error where the disk will not have it."""

    def __init__(
        self, path: Path, settings: SignatureSettings, records: RecordSettings | None = None
    ) -> None:
        """Open it, or make it, readable by its owner alone. Raises OSError, sqlite3.Error or Unreadable."""
        self._settings = settings
        self._records = records or RecordSettings()
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            if is_corrupt(error):
                raise Unreadable(str(error)) from error
            raise
        except Unreadable:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise Unreadable(f"its tables are of version {version}, and this is for {VERSION}", newer=True)
        self._shrinkable()
        self._connection.execute("PRAGMA secure_delete = ON")  # what is deleted is not left to be found
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            self._connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")

    def _shrinkable(self) -> None:
        """See that a file can give pages back; one that was begun without is written anew, once."""
        (mode,) = self._connection.execute("PRAGMA auto_vacuum").fetchone()
        if mode != _INCREMENTAL:
            self._connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
            self._connection.execute("VACUUM")

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def apply(self, deeds: Iterable[Told]) -> None:
        """Write deeds down, all or none: in their order, then the ledger's rows."""
        rows: list[Row] = []
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for deed in deeds:
                if isinstance(deed, RequestRow | AttemptRow | BodyRow):
                    rows.append(deed)
                else:
                    self._connection.execute(*_statement(deed))
            for written in ledger.statements(rows):
                self._connection.execute(*written)
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def tidy(self, now: float) -> bool:
        """Delete what is over its time, and the least recent of what is too much; True: there is more."""
        self._connection.execute(_EXPIRE, (now - self._settings.ttl_seconds,))
        self._connection.execute(_RELENT, (now - self._settings.ttl_seconds,))
        self._connection.execute(_SHRINK, (self._settings.max_mib * _MIB,))
        self._connection.execute(_UNBIND, (MOST_BOUND,))
        return self._tidy_ledger(now)

    def _tidy_ledger(self, now: float) -> bool:
        """Delete one chunk of old requests; where none is left, give back what is free."""
        kept = now - self._records.retention_days * _DAY
        if ledger.delete_before(self._connection, kept) == ledger.CHUNK:
            return True
        held, room = self._ledger_bytes(), self._records.max_mib * _MIB
        if held > room:
            (count,) = self._connection.execute("SELECT COUNT(*) FROM requests").fetchone()
            excess = math.ceil(count * (held - room) / held)
            return ledger.delete_before(self._connection, math.inf, min(excess, ledger.CHUNK)) > 0
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        if free:
            # Each step of it frees one page, and `execute` takes but one.
            self._connection.executescript(f"PRAGMA incremental_vacuum({_PAGES})")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return free > _PAGES

    def _ledger_bytes(self) -> int:
        """Give what the ledger takes: what the file holds, less the signatures."""
        figures = ("page_count", "freelist_count", "page_size")
        pages, free, size = (self._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in figures)
        (signatures,) = self._connection.execute("SELECT COALESCE(SUM(size), 0) FROM steps").fetchone()
        return (pages - free) * size - signatures

    def load(self, now: float) -> Loaded:
        """Give what is kept and still holds, and close what was left open.

        Raises Unreadable where it is not what this peekd wrote.
        """
        self.tidy(now)
        left_open = ledger.close_open(self._connection, ENDED)
        try:
            steps = tuple(_kept(row) for row in self._connection.execute(_STEPS))
            refused = tuple(starmap(_refused, self._connection.execute(_REFUSED)))
            stood = tuple(_standings.decode(_bytes(row)) for (row,) in self._connection.execute(_STOOD))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise Unreadable(str(error)) from error
        bound = tuple(starmap(Bound, self._connection.execute(_BOUND)))
        return Loaded(steps, refused, bound, stood, left_open)


def is_corrupt(error: sqlite3.Error) -> bool:
    """Tell a broken file from one that is locked, full or read-only."""
    return isinstance(error, sqlite3.DatabaseError) and error.sqlite_errorcode & 0xFF in {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }


def _statement(
    deed: Kept | Touched | Forgotten | Refused | Bound | Standing,
) -> tuple[str, tuple[object, ...]]:
    match deed:
        case Kept(step=step, used=used):
            origin = step.origin
            place = (step.key, origin.family, origin.session, origin.number)
            source = (origin.upstream, origin.model, origin.account)
            pieces = msgspec.msgpack.encode(step.pieces)
            return _KEEP, (*place, *source, step.learned, used, step.size, pieces, origin.before)
        case Touched():
            return _TOUCH, (deed.used, deed.key)
        case Forgotten():
            return _FORGET, (deed.key,)
        case Refused():
            return _REFUSE, (deed.session, deed.since, msgspec.msgpack.encode(deed.proofs))
        case Bound():
            return _BIND, (deed.id, deed.account, deed.since)
        case Standing():
            return _STAND, (deed.account, msgspec.msgpack.encode(deed))


def _kept(row: tuple[object, ...]) -> Kept:
    *origin, learned, used, pieces = row
    made = msgspec.convert(origin, tuple[str, str, int, str, str, str, str])
    step = Step(
        msgspec.convert(dict(zip(_ORIGIN, made, strict=True)), Origin), _pieces.decode(_bytes(pieces))
    )
    times = msgspec.convert((learned, used), tuple[float, float])
    return Kept(msgspec.structs.replace(step, learned=times[0]), times[1])


def _refused(session: str, proofs: bytes, since: float) -> Refused:
    return Refused(session, _proofs.decode(proofs), since)


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


_ORIGIN: Final = ("family", "session", "number", "upstream", "model", "account", "before")
