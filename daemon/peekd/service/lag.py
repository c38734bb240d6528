"""How late tasks come to their turn: what one that sleeps finds when it wakes."""

from __future__ import annotations

from collections.abc import Callable

import trio

LAG_EVERY_SECONDS = 1.0


async def measure_lag(note: Callable[[float], None]) -> None:
    """Measure until cancelled: `note` gets the seconds between when a task was due and when it ran."""
    while True:
        due = trio.current_time() + LAG_EVERY_SECONDS
        await trio.sleep_until(due)
        note(trio.current_time() - due)
