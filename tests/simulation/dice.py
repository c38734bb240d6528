"""Chance from a seed: for the simulation itself, for peekd's own dice, and for trio's order of tasks.

The only module that touches private names of trio, and the only one that replaces threads.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from unittest import mock

import trio

T = TypeVar("T")
R = TypeVar("R")

THREAD_SECONDS = 0.05
"""The longest a thread's work takes, virtually."""


class Dice(random.Random):
    """Random numbers that can be asked in the words of a game."""

    def chance(self, share: float) -> bool:
        """Say yes in this share of cases."""
        return self.random() < share

    def weighed(self, rows: Sequence[tuple[T, float]]) -> T:
        """Pick one of rows by their weights."""
        return self.choices([row[0] for row in rows], [row[1] for row in rows])[0]


@contextmanager
def loaded(seed: str) -> Generator[Dice]:
    """Make all that is left to chance follow the seed, until the block ends."""
    runs: Any = trio._core._run  # pyright: ignore[reportPrivateUsage]  there is no public seam for the order of tasks
    dice = Dice(seed)
    threads = Dice(f"{seed}/threads")

    async def in_task(work: Callable[..., R], *arguments: object, **_options: object) -> R:
        await trio.sleep(threads.uniform(0, THREAD_SECONDS))
        return work(*arguments)

    kept = runs._r.getstate()
    runs._r.seed(f"{seed}/order")
    try:
        with (
            mock.patch.object(runs, "_ALLOW_DETERMINISTIC_SCHEDULING", new=True),
            mock.patch.object(trio.to_thread, "run_sync", in_task),
        ):
            yield dice
    finally:
        runs._r.setstate(kept)
