"""The ledger's read side: what was asked and tried, by filters; also when no daemon runs. Blocking.

A reader has a connection of its own that can write nothing; it never waits for the writer, nor the writer
for it (write-ahead log).
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from peekd.store.rows import AttemptRow, BodyRow, RequestRow

MOST: Final = 10_000
"""Requests that one listing gives at most."""

TAIL: Final = 6
"""Letters at the end of an id from which on it may stand for the whole."""

_BUSY_SECONDS: Final = 1.0
_MANY: Final = 500
"""Variables in one statement; SQLite's own bound is 999 at the least."""

_UNWRITABLE: Final = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})

Values = Sequence[object] | Mapping[str, object]
RowT = TypeVar("RowT", RequestRow, AttemptRow, BodyRow)


class Query(msgspec.Struct, frozen=True):
    """Which requests are wanted, the newest first. Texts match where they are contained; "" matches all.

    `since` and `before` bound when it came, in seconds since 1970; `before` is for the next page: the `came`
    of the last one that was given. `text` is looked for in what went wrong, upper or lower case alike.
    """

    failed: bool = False
    healed: bool = False
    open: bool = False
    since: float | None = None
    before: float | None = None
    account: str = ""
    model: str = ""
    path: str = ""
    session: str = ""
    key: str = ""
    outcome: str = ""
    text: str = ""
    limit: int = 50


class Kept(msgspec.Struct, frozen=True):
    """One request as the ledger has it."""

    request: RequestRow
    attempts: tuple[AttemptRow, ...] = ()


class NoLedger(Exception):
    """There is none at that path, it cannot be read, or it is of another version of peekd."""


_REQUEST: Final = ", ".join(RequestRow.__struct_fields__)
_ATTEMPT: Final = ", ".join(AttemptRow.__struct_fields__)

_FLAGS: Final = ("failed", "healed", "open")
_TEXTS: Final = {
    "path": "instr(path, ?) > 0",
    "session": "instr(session, ?) > 0",
    "key": "key = ?",
    "text": "instr(words, ?) > 0",
}


def _conditions(query: Query) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Give the conditions of a query, each with its values."""
    for flag in _FLAGS:
        if getattr(query, flag):
            yield flag, ()
    if query.since is not None:
        yield "came >= ?", (query.since,)
    if query.before is not None:
        yield "came < ?", (query.before,)
    for name, condition in _TEXTS.items():
        if value := getattr(query, name):
            yield condition, (value.lower() if name == "text" else value,)
    if query.model:
        yield "(instr(model, ?) > 0 OR instr(mapped_model, ?) > 0)", (query.model, query.model)
    if query.account:
        yield _tried("instr(account, ?) > 0"), (query.account,)
    if query.outcome:
        yield f"(outcome = ? OR {_tried('outcome = ?')})", (query.outcome, query.outcome)


def _tried(condition: str) -> str:
    """Say that one of a request's attempts fulfils a condition."""
    return f"EXISTS (SELECT 1 FROM attempts WHERE request = id AND {condition})"  # noqa: S608  our own text


class Reader:
    """An open ledger. Methods raise NoLedger where the file breaks while it is read."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def requests(self, query: Query) -> list[Kept]:
        """Give the newest requests that fit, with their attempts."""
        wanted = list(_conditions(query))
        where = " AND ".join(condition for condition, _ in wanted) or "1"
        values = [value for _, own in wanted for value in own]
        limit = max(0, min(query.limit, MOST))
        select = f"SELECT {_REQUEST} FROM requests WHERE {where} ORDER BY came DESC, id DESC LIMIT ?"  # noqa: S608
        return self._with_attempts(self._rows(RequestRow, select, (*values, limit)))

    def find(self, name: str) -> Kept | None:
        """Give a request by its id or the end of it, by "last" (that is done), or by "last-failed"."""
        condition = {"last": "NOT open", "last-failed": "failed"}.get(name, "id = ?1")
        values = (name,) if condition == "id = ?1" else ()
        if values and len(name) >= TAIL:
            condition = "(id = ?1 OR substr(id, -length(?1)) = ?1)"
        select = f"SELECT {_REQUEST} FROM requests WHERE {condition} ORDER BY came DESC, id DESC LIMIT 1"  # noqa: S608
        found = self._with_attempts(self._rows(RequestRow, select, values))
        return found[0] if found else None

    def bodies(self, request: str) -> list[BodyRow]:
        """Give what was kept of a request's words."""
        return self._rows(BodyRow, "SELECT request, part, text FROM bodies WHERE request = ?", (request,))

    def rows(
        self, select: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[object, ...]]:
        """Ask a question of our own, such as a chart's."""
        try:
            return self._connection.execute(select, values).fetchall()
        except sqlite3.Error as error:
            raise NoLedger(str(error)) from error

    def _with_attempts(self, requests: list[RequestRow]) -> list[Kept]:
        tried: dict[str, list[AttemptRow]] = {row.id: [] for row in requests}
        ids = list(tried)
        for start in range(0, len(ids), _MANY):
            some = ids[start : start + _MANY]
            marks = ", ".join("?" * len(some))
            select = f"SELECT {_ATTEMPT} FROM attempts WHERE request IN ({marks}) ORDER BY request, number"  # noqa: S608
            for row in self._rows(AttemptRow, select, some):
                tried[row.request].append(row)
        return [Kept(row, tuple(tried[row.id])) for row in requests]

    def _rows(self, kind: type[RowT], select: str, values: Sequence[object]) -> list[RowT]:
        names = kind.__struct_fields__
        try:
            return [
                msgspec.convert(dict(zip(names, row, strict=True)), kind, strict=False)
                for row in self.rows(select, values)
            ]
        except msgspec.ValidationError as error:
            raise NoLedger(f"a row is not what this peekd wrote: {error}") from error


@contextmanager
def open_reader(path: Path) -> Generator[Reader]:
    """Open the ledger at `path` to read. Raises NoLedger, with the reason in words."""
    try:
        there = path.exists()
    except OSError as error:
        raise NoLedger(str(error)) from error
    if not there:
        raise NoLedger(f"there is no ledger at {path}")
    with ExitStack() as stack:
        try:
            connection = _connected(path, stack)
        except (OSError, sqlite3.Error) as error:
            raise NoLedger(f"{path}: {error}") from error
        yield Reader(stack.enter_context(closing(connection)))


def _connected(path: Path, stack: ExitStack) -> sqlite3.Connection:
    """Connect in the first way that works; where nothing can be written beside the file, two remain.

    SQLite (wal.html, "Read-Only Databases") reads a log only where its index is there or can be made. A file
    without a log changes no more and is read as it is; one with a log is read from a copy.
    """
    try:
        return _connect(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _UNWRITABLE:
            raise
    log = path.with_name(f"{path.name}-wal")
    if not log.exists():
        return _connect(path, "immutable=1")
    copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="peekd-")), path.name)
    shutil.copyfile(path, copy)
    shutil.copyfile(log, copy.with_name(log.name))
    return _connect(copy, "mode=rw")


def _connect(path: Path, how: str) -> sqlite3.Connection:
    """Connect, and look whether the tables are there. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{how}", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
    )
    try:
        connection.execute("SELECT id FROM requests LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection
