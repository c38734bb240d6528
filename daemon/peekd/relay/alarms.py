"""Alarms: whoever waits for what nearly always comes in time is woken by one where it does not.

One task sleeps for all, and wakes seldom: a cancel scope for each wait costs ten times as much. Nothing is
ended by force; an alarm calls a function, which must neither wait nor raise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

import trio


class Alarm:
    """One that was set."""

    __slots__ = ("ring",)

    def __init__(self, ring: Callable[[], object]) -> None:
        self.ring: Callable[[], object] | None = ring

    def drop(self) -> None:
        """It is needed no more, and holds nothing."""
        self.ring = None


class Alarms:
    """All that are set; they ring while `run` runs."""

    def __init__(self) -> None:
        self._alarms: list[tuple[float, int, Alarm]] = []
        """A heap, by time; the number parts those of one time."""
        self._numbers = count()
        self._wakes = math.inf
        """When the task wakes by itself. What was dropped does not wake it sooner or later."""
        self._sooner = trio.Event()

    def set(self, at: float, ring: Callable[[], object]) -> Alarm:
        """Have `ring` called at this time, by trio's clock, if the alarm is not dropped before."""
        alarm = Alarm(ring)
        while self._alarms and self._alarms[0][2].ring is None:
            heappop(self._alarms)
        heappush(self._alarms, (at, next(self._numbers), alarm))
        if at < self._wakes:
            self._sooner.set()
        return alarm

    async def run(self) -> None:
        """Ring them, until cancelled."""
        while True:
            self._sooner = trio.Event()
            self._wakes = self._alarms[0][0] if self._alarms else math.inf
            with trio.CancelScope(deadline=self._wakes):
                await self._sooner.wait()
            self._ring_due()

    def _ring_due(self) -> None:
        now = trio.current_time()
        while self._alarms and self._alarms[0][0] <= now:
            alarm = heappop(self._alarms)[2]
            if alarm.ring is not None:
                alarm.ring()
