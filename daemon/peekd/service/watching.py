"""Watches files: asks for them at an interval, since a file may be on any kind of disk, and be swapped."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import trio

Stamp = tuple[int, int, int, int] | None
"""Device, inode, time of change (ns), bytes; None: the file cannot be seen."""


def stamps(paths: Sequence[Path]) -> tuple[Stamp, ...]:
    """Look at files; a link counts as what it leads to, so that swapping it shows."""
    return tuple(_stamp(path) for path in paths)


def _stamp(path: Path) -> Stamp:
    try:
        status = os.stat(path)  # noqa: PTH116  Path.stat is no different, and slower
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


class Watch:
    """Tells `changed` when a file has changed and then stayed as it is for one interval.

    `paths` gives the files, `seconds` the interval; both are asked each time. While it is 0 nothing is looked
    at, until `wake`.
    """

    def __init__(
        self,
        paths: Callable[[], Sequence[Path]],
        seconds: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self._paths = paths
        self._seconds = seconds
        self._changed = changed
        self._woken = trio.Event()

    def wake(self) -> None:
        """The interval may be another now."""
        self._woken.set()
        self._woken = trio.Event()

    async def run(self) -> None:
        """Watch for ever."""
        paths = tuple(self._paths())
        known = await self._look(paths)
        while True:
            await self._pause()
            if tuple(self._paths()) != paths:
                paths = tuple(self._paths())
                known = await self._look(paths)
                continue
            seen = await self._look(paths)
            if seen != known:
                known = await self._settled(paths, seen)
                self._changed()

    async def _settled(self, paths: Sequence[Path], seen: tuple[Stamp, ...]) -> tuple[Stamp, ...]:
        """Wait until whoever writes is done: the same is seen twice."""
        while True:
            await self._pause()
            later = await self._look(paths)
            if later == seen:
                return seen
            seen = later

    async def _pause(self) -> None:
        while not self._seconds():
            await self._woken.wait()
        await trio.sleep(self._seconds())

    async def _look(self, paths: Sequence[Path]) -> tuple[Stamp, ...]:
        """Look in a thread that may be left behind: a dead mount never answers."""
        return await trio.to_thread.run_sync(stamps, paths, abandon_on_cancel=True)
