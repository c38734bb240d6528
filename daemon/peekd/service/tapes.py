"""Captures on disk: a ring of files, one for each request, written by a task that nobody waits for.

A disk that is full or slow costs captures, which are counted and told, and never a request.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
import trio

from peekd.records.captures import Capture, decode_capture, encode_capture
from peekd.relay.taping import Taken, Tapes
from peekd.store.settings import RecordSettings

FOLDER: Final = "captures"
"""In the state directory."""

MOST_WAITING: Final = 32
"""Captures that wait for the disk; those that come when there are as many are lost."""

CLOSING_SECONDS: Final = 2.0
"""How long the last ones have at the end; a disk that hangs must not keep peekd."""

_MIB: Final = 1024 * 1024
_ENDING: Final = ".json"


class Ring:
    """The files. Methods block and may raise OSError."""

    def __init__(self, directory: Path, most_bytes: int) -> None:
        self._directory = directory
        self._most = most_bytes

    def keep(self, taken: Taken) -> None:
        """Write one, whole or not at all; the oldest make room."""
        record = taken.capture.record
        data = encode_capture(taken.capture, taken.secrets)
        if len(data) > self._most:
            raise OSError(f"{len(data)} bytes are more than [records] capture_mib allows")
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_room(len(data))
        path = self._directory / f"{int(record.came * 1000):015d}-{record.id}{_ENDING}"
        draft = path.with_suffix(".draft")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def _make_room(self, size: int) -> None:
        sizes = {path: path.stat().st_size for path in _files(self._directory)}
        held = sum(sizes.values())
        for path, one in sizes.items():
            if held + size <= self._most:
                break
            path.unlink(missing_ok=True)
            held -= one


class Writing:
    """What stands between the house and the ring. `lost` counts what could not be written."""

    def __init__(self, ring: Ring, tell: Callable[[str], None]) -> None:
        self.lost = 0
        self._ring = ring
        self._tell = tell
        self._well = True
        self._into, self._out = trio.open_memory_channel[Taken](MOST_WAITING)

    def take(self, taken: Taken) -> None:
        """Queue one; returns at once."""
        try:
            self._into.send_nowait(taken)
        except (trio.WouldBlock, trio.ClosedResourceError, trio.BrokenResourceError):
            self.lost += 1

    async def run(self) -> None:
        """Write what comes, until `close`."""
        async for taken in self._out:
            try:
                await trio.to_thread.run_sync(self._ring.keep, taken, abandon_on_cancel=True)
                self._well = True
            except OSError as error:
                self.lost += 1
                if self._well:
                    self._tell(f"what upstreams sent cannot be kept: {error}; requests go on")
                self._well = False

    def close(self) -> None:
        """Take no more; what is queued is still written."""
        self._into.close()


class Opened(msgspec.Struct, frozen=True):
    """Where captures go, None: nowhere; and how many could not be written."""

    tapes: Tapes | None = None
    lost: Callable[[], int] = int


@asynccontextmanager
async def open_tapes(
    directory: Path | None, settings: RecordSettings, tell: Callable[[str], None]
) -> AsyncGenerator[Opened]:
    """Open the ring, where captures are wanted and there is a place for them."""
    if directory is None or settings.capture == "off":
        yield Opened()
        return
    writing = Writing(Ring(directory / FOLDER, settings.capture_mib * _MIB), tell)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writing.run)
        try:
            yield Opened(Tapes(settings.capture, writing.take), lambda: writing.lost)
        finally:
            writing.close()
            nursery.cancel_scope.deadline = trio.current_time() + CLOSING_SECONDS


# ---- reading --------------------------------------------------------------------------------------------


def find_capture(directory: Path, name: str) -> Capture | None:
    """Give the newest capture of an id, the end of one (six letters or more), "last" or "last-failed".

    Raises OSError where it cannot be read, msgspec.ValidationError or DecodeError where it is another
    version's.
    """
    for path in reversed(list(_files(directory))):
        identity = path.name.removesuffix(_ENDING).partition("-")[2]
        if name == "last-failed":
            capture = decode_capture(path.read_bytes())
            if capture.record.failed:
                return capture
        elif name in {identity, "last"} or (len(name) >= _LEAST and identity.endswith(name)):
            return decode_capture(path.read_bytes())
    return None


_LEAST: Final = 6


def _files(directory: Path) -> Iterator[Path]:
    """Give the captures there are, the oldest first. Raises OSError where the directory may not be read."""
    names: list[str] = []
    with suppress(FileNotFoundError):
        names = sorted(path.name for path in directory.iterdir() if path.suffix == _ENDING)
    return (directory / name for name in names)
