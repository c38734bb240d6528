"""The ledger in the simulation: peekd's own tables, in memory, and what a kill takes from them."""

from __future__ import annotations

import sqlite3
from collections import Counter

import trio

from peekd.records.entries import RequestRecord
from peekd.records.rows import record_of
from peekd.signatures.settings import SignatureSettings
from peekd.store import ledger
from peekd.store.database import ENDED, Database
from peekd.store.queries import Reader
from peekd.store.rows import AttemptRow, BodyRow, RequestRow, Row
from peekd.store.settings import RecordSettings

UNWRITTEN_SECONDS = 0.25
"""How much of the latest rows a kill may take."""


class InMemory(Database):
    """The database without a file."""

    def __init__(self) -> None:
        self._settings = SignatureSettings()
        self._records = RecordSettings()
        self._connection = self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self._prepare()


class Books:
    """Takes rows as the writer does, and outlives the process.

    `missed`: requests of which a row was lost, to a full disk or a kill. `closes`: how often each request's
    row was closed, by the process that served it.
    """

    def __init__(self) -> None:
        self.missed: set[str] = set()
        self.closes: Counter[str] = Counter()
        self._database = InMemory()
        self._reader = Reader(self._database.connection)
        self._waiting: list[tuple[float, Row]] = []

    def write(self, row: Row) -> None:
        """Take a row; it is written a moment later."""
        if isinstance(row, RequestRow) and not row.open:
            self.closes[row.id] += 1
        now = trio.current_time()
        self._waiting.append((now, row))
        self._settle(now - UNWRITTEN_SECONDS)

    def miss(self, row: Row) -> None:
        """Lose a row: there is no room for it."""
        self.missed.add(_request(row))

    def kill(self, seconds: float) -> None:
        """Lose what was taken in the last moments of a process."""
        self._settle(trio.current_time() - seconds)
        for _, row in self._waiting:
            self.miss(row)
        self._waiting.clear()

    def load(self) -> int:
        """Begin a new life: write what a process that ended well had left, and close what one left open."""
        self._settle(float("inf"))
        return ledger.close_open(self._database.connection, ENDED)

    def find(self, request: str) -> RequestRecord | None:
        """Give what is written of a request."""
        self._settle(float("inf"))
        kept = self._reader.find(request)
        return record_of(kept) if kept is not None else None

    def _settle(self, until: float) -> None:
        ready = [row for at, row in self._waiting if at <= until]
        if ready:
            self._database.apply(ready)
            self._waiting = self._waiting[len(ready) :]


def _request(row: Row) -> str:
    match row:
        case RequestRow():
            return row.id
        case AttemptRow() | BodyRow():
            return row.request
