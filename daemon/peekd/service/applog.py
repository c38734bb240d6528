"""app.log: the journal's lines in a directory, a file a day, written by a thread that nobody waits for.

A disk that is full or slow costs lines, which are counted and told, and never a request.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path

from peekd.records.entries import WARNING, Entry, Journal
from peekd.service.lines import encode_json_entry

NAME = "app.log"
KEPT_DAYS = 7
MOST_WAITING = 8192
"""Lines that wait for the disk; those that come when there are as many are lost."""

CLOSING_SECONDS = 2.0
"""How long the last lines have at the end; a disk that hangs must not keep peekd."""

ADVICE = ". Requests go on. What you can do: make room on the disk, or mend [logs] directory"
"""What is added to every word on trouble."""

_BATCH = 256
_FILE_MODE = 0o640
_DIRECTORY_MODE = 0o750
_DAY_SECONDS = 86_400

Wall = Callable[[], float]


class DayFile:
    """app.log, which becomes app.log.YYYY-MM-DD with the first line of another day (local time).

    Every method may raise OSError, and may be called again after that.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / NAME
        self._descriptor = -1
        self._day = ""

    def write(self, data: bytes, wall: float) -> None:
        """Append lines that were written at this wall time."""
        day = day_of(wall)
        self._open()
        if day != self._day:
            self._turn(day, wall)
        written = os.write(self._descriptor, data)
        if written < len(data):
            self._mend(written)
            raise OSError(f"{self._path}: only {written} of {len(data)} bytes were taken")

    def close(self) -> None:
        """Give the file back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> None:
        """Open the file, again where another one or none lies in its place by now."""
        if self._descriptor >= 0 and not self._is_there():
            self.close()
        if self._descriptor < 0:
            self._directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self._path, flags, _FILE_MODE)
            held = os.fstat(self._descriptor)
            self._day = day_of(held.st_mtime) if held.st_size else ""

    def _is_there(self) -> bool:
        try:
            there, held = self._path.stat(), os.fstat(self._descriptor)
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)

    def _turn(self, day: str, wall: float) -> None:
        """Begin another day: move the file aside, and remove those that are too old."""
        if self._day:
            aside = self._path.with_name(f"{NAME}.{self._day}")
            if aside.exists():  # a clock that went back: what is there stays, and this is added to it
                with aside.open("ab") as older, self._path.open("rb") as ours:
                    shutil.copyfileobj(ours, older)
                self._path.unlink()
            else:
                self._path.rename(aside)
            self._open()
        self._day = day
        oldest = day_of(wall - KEPT_DAYS * _DAY_SECONDS)
        for old in self._directory.glob(f"{NAME}.????-??-??"):
            if old.name.removeprefix(f"{NAME}.") < oldest:
                with suppress(OSError):
                    old.unlink()

    def _mend(self, written: int) -> None:
        """End a line that was written in part, so that the next one is whole; best effort on a full disk."""
        if written:
            with suppress(OSError):
                os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)


def day_of(wall: float) -> str:
    """Give the local date of a wall time, as in file names."""
    return time.strftime("%Y-%m-%d", time.localtime(wall))


class AppLog:
    """Takes entries and returns at once."""

    def __init__(self, directory: Path, wall: Wall = time.time) -> None:
        self._path = directory / NAME
        self._file = DayFile(directory)
        self._wall = wall
        self._waiting: deque[tuple[float, Entry]] = deque()
        self._wake = threading.Event()
        self._ending = False
        self._crowded_out = 0  # counted by whoever calls, and the next two by the thread
        self._failed = 0
        self._owned_up = 0
        self._trouble = ""
        self._told = ""
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """How many lines were not written."""
        return self._crowded_out + self._failed

    def __call__(self, entry: Entry) -> str:
        """Take an entry; gives what there is to say of trouble, once for each spell of it, else ""."""
        if len(self._waiting) >= MOST_WAITING:
            self._crowded_out += 1
            self._trouble = "the disk does not keep up"
        else:
            self._waiting.append((self._wall(), entry))
            self._wake.set()
        trouble = self._trouble
        if trouble == self._told:
            return ""
        self._told = trouble
        if trouble:
            return f"{self._path} cannot be written, lines are lost: {trouble}{ADVICE}"
        return f"{self._path} is written again; lines lost until now: {self.lost}"

    def close(self) -> None:
        """Write what waits, if the disk takes it in time."""
        self._ending = True
        self._wake.set()
        self._thread.join(CLOSING_SECONDS)

    # ---- the thread ----

    def _run(self) -> None:
        while not (self._ending and not self._waiting):
            self._wake.wait()
            self._wake.clear()
            while self._waiting:
                count = min(_BATCH, len(self._waiting))
                self._write_day([self._waiting.popleft() for _ in range(count)])
        with suppress(OSError):
            self._file.close()

    def _write_day(self, batch: list[tuple[float, Entry]]) -> None:
        for _, same_day in groupby(batch, lambda one: day_of(one[0])):
            self._write(list(same_day))

    def _write(self, batch: list[tuple[float, Entry]]) -> None:
        lost = self.lost
        lines = [encode_json_entry(entry, 0, wall) for wall, entry in batch[1:]]
        first = encode_json_entry(batch[0][1], lost - self._owned_up, batch[0][0])
        try:
            self._file.write(b"".join([first, *lines]), batch[0][0])
        except (OSError, ValueError) as error:  # ValueError: a path that no file can have
            self._trouble = getattr(error, "strerror", None) or str(error)
            self._failed += len(batch)
        else:
            self._owned_up = lost
            self._trouble = ""


@contextmanager
def open_applog(
    directory: str, journal: Journal, least: Callable[[], int]
) -> Generator[tuple[Journal, Callable[[], int]]]:
    """Let what ranks at least `least` also go to app.log; "" for no directory.

    Gives the journal that does both, and how many lines the file has lost. Trouble is told in `journal`.
    """
    if not directory:
        yield journal, int
        return
    log = AppLog(Path(directory))

    def both(entry: Entry) -> None:
        journal(entry)
        if entry.priority <= least() and (trouble := log(entry)):
            journal(Entry(trouble, WARNING))

    try:
        yield both, lambda: log.lost
    finally:
        log.close()
