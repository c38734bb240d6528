"""The one writer: takes deeds at once, writes them in batches from a thread, and never holds a request up.

What cannot be written, since the disk is full, the file locked or the writer far behind, is lost: it is
counted, and said once for each spell of trouble. A broken file is moved aside and a fresh one begun.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import trio

from peekd.signatures.settings import SignatureSettings
from peekd.store.database import Database, Unreadable, is_corrupt
from peekd.store.interface import Deed, Loaded, Told
from peekd.store.rows import Draft
from peekd.store.settings import RecordSettings

MOST_WAITING: Final = 8192
"""Deeds that wait to be written; beyond that the oldest is lost."""

GATHER_SECONDS: Final = 0.12
"""How long deeds are gathered before they are written: with the writing itself well within 250 ms."""

_BATCH: Final = 1024
_TIDY_SECONDS: Final = 600.0
_CLOSING_SECONDS: Final = 2.0

_UNWRITABLE: Final = (ValueError, OverflowError)
"""What is raised for text that no encoding holds, and for numbers beyond 64 bits."""

Tell = Callable[[str], None]
ResultT = TypeVar("ResultT")


class Writer:
    """A store on disk. `lost` counts what could not be written."""

    def __init__(
        self,
        path: Path,
        settings: SignatureSettings,
        records: RecordSettings,
        wall: Callable[[], float],
        tell: Tell,
    ) -> None:
        self.lost = 0
        self._path = path
        self._settings = settings
        self._records = records
        self._wall = wall
        self._tell = tell
        self._waiting: deque[Deed] = deque()
        self._wake = trio.Event()
        self._limiter = trio.CapacityLimiter(1)
        self._database: Database | None = None
        self._troubled = False
        self._tidied = wall()

    def write(self, deed: Deed) -> None:
        """Take a deed; returns at once."""
        waiting = self._waiting
        if isinstance(deed, Draft):
            if deed.waits:
                return
            deed.waits = True
        if len(waiting) >= MOST_WAITING:
            _take(waiting)
            self._lose(1, "the disk does not keep up")
        waiting.append(deed)
        if len(waiting) == 1:
            self._wake.set()

    async def load(self) -> Loaded:
        """Open the database and give what it holds; nothing, and a word on it, where that cannot be done."""
        return await self._with_database(lambda database: database.load(self._wall())) or Loaded()

    async def run(self) -> None:
        """Write until cancelled, and then what is left."""
        try:
            while True:
                with trio.move_on_after(self._until_tidy()):
                    await self._wake.wait()
                    await trio.sleep(GATHER_SECONDS)
                await self._write_some()
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _CLOSING_SECONDS):
                await self._end()

    def _until_tidy(self) -> float:
        """Give the seconds until old rows are to be looked for again; 0 while some are known to be left.

        A clock that was put back puts it off no longer than ever.
        """
        left = self._tidied + _TIDY_SECONDS - self._wall()
        return left if 0 < left <= _TIDY_SECONDS else 0.0

    async def _end(self) -> None:
        while self._waiting:
            await self._write_some()
        if self._database is not None:
            await self._threaded(self._database.close)

    async def _write_some(self) -> None:
        batch = [_take(self._waiting) for _ in range(min(_BATCH, len(self._waiting)))]
        if not self._waiting:
            self._wake = trio.Event()
        made = self._made(batch)
        now = self._wall()
        tidy = not self._until_tidy()
        if tidy:
            self._tidied = now

        def work(database: Database) -> int:
            lost = _apply(database, made)
            if tidy and database.tidy(now):
                self._tidied = float("-inf")  # there is more: the next batch goes on with it
            return lost

        try:
            lost = await self._with_database(work)
        except trio.Cancelled:
            self._waiting.extendleft(reversed(batch))  # written twice is written once
            raise
        if lost is None:
            self.lost += len(made)
        elif lost:
            self._lose(lost, "it takes no such text or number")
        else:
            self._troubled = False

    def _made(self, batch: Iterable[Deed]) -> list[Told]:
        """Make the rows of drafts, the last of each place alone; a row that cannot be made is lost."""
        places: dict[object, Deed] = {}
        for number, deed in enumerate(batch):
            places[deed.place if isinstance(deed, Draft) else number] = deed
        made: list[Told] = []
        for deed in places.values():
            try:
                made.append(deed.make() if isinstance(deed, Draft) else deed)
            except _UNWRITABLE as error:
                self._lose(1, str(error))
        return made

    # ---- trouble ----

    async def _with_database(self, work: Callable[[Database], ResultT]) -> ResultT | None:
        """Work with the database; None where that failed, which has been told then."""
        try:
            return await self._threaded(partial(self._work, work))
        except Unreadable as error:
            return await self._begin_anew(work, error)
        except (OSError, sqlite3.Error) as error:
            self._lose(0, str(error))
            return None

    async def _begin_anew(self, work: Callable[[Database], ResultT], error: Unreadable) -> ResultT | None:
        """Move a broken file aside; one of a later peekd is left where it is, and nothing is written."""
        if error.newer:
            self._lose(0, str(error))
            return None
        try:
            aside = await self._threaded(self._move_aside)
            self._tell(f"{self._path} is broken ({error}); it lies in {aside} now, and a fresh one is begun")
            return await self._threaded(partial(self._work, work))
        except (OSError, sqlite3.Error, Unreadable) as again:
            self._lose(0, str(again))
            return None

    def _lose(self, count: int, why: str) -> None:
        self.lost += count
        if not self._troubled:
            self._troubled = True
            words = (
                "the ledger misses requests, and conversations may lose their thought signatures when peekd"
                " restarts"
            )
            self._tell(f"{self._path} cannot be used: {why}; {words}")

    # ---- in the thread ----

    async def _threaded(self, work: Callable[[], ResultT]) -> ResultT:
        return await trio.to_thread.run_sync(work, limiter=self._limiter)

    def _work(self, work: Callable[[Database], ResultT]) -> ResultT:
        if self._database is None:
            self._database = Database(self._path, self._settings, self._records)
        try:
            return work(self._database)
        except sqlite3.Error as error:
            if is_corrupt(error):
                raise Unreadable(str(error)) from error
            raise

    def _move_aside(self) -> Path:
        """Give the broken file, with what belongs to it, another name."""
        if self._database is not None:
            self._database.close()
            self._database = None
        aside = self._path.with_name(f"{self._path.name}.broken-{int(self._wall())}")
        for end in ("-wal", "-shm", ""):
            beside = self._path.with_name(self._path.name + end)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + end))
        return aside


def _take(waiting: deque[Deed]) -> Deed:
    """Take what has waited longest; a draft may be handed in again from now on."""
    deed = waiting.popleft()
    if isinstance(deed, Draft):
        deed.waits = False
    return deed


def _apply(database: Database, deeds: Sequence[Told]) -> int:
    """Write deeds; where one of them is what no database takes, each alone. Gives how many were lost."""
    try:
        database.apply(deeds)
    except _UNWRITABLE:
        return sum(not _applied(database, deed) for deed in deeds)
    return 0


def _applied(database: Database, deed: Told) -> bool:
    try:
        database.apply((deed,))
    except _UNWRITABLE:
        return False
    return True


@asynccontextmanager
async def open_writer(
    path: Path,
    settings: SignatureSettings,
    records: RecordSettings | None = None,
    *,
    wall: Callable[[], float],
    tell: Tell,
) -> AsyncGenerator[Writer]:
    """Run a writer for the database at `path`; leaving writes what is left. `tell`: where trouble is said."""
    writer = Writer(path, settings, records or RecordSettings(), wall, tell)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        try:
            yield writer
        finally:
            nursery.cancel_scope.cancel()
