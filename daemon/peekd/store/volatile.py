"""A store without a disk: for the demo, for where there is no state directory, and for simulated restarts."""

from __future__ import annotations

import msgspec
import trio

from peekd.accounts.standing import Standing
from peekd.store.interface import Bound, Deed, Forgotten, Kept, Loaded, Refused, Touched


class Volatile:
    """Keeps everything as long as it lives itself, but for the ledger's rows: nobody could read them."""

    lost = 0

    def __init__(self) -> None:
        self._steps: dict[str, Kept] = {}
        self._refused: list[Refused] = []
        self._bound: dict[str, Bound] = {}
        self._standings: dict[str, Standing] = {}

    def write(self, deed: Deed) -> None:
        """Take a deed."""
        match deed:
            case Kept():
                self._steps[deed.step.key] = deed
            case Touched() if deed.key in self._steps:
                self._steps[deed.key] = msgspec.structs.replace(self._steps[deed.key], used=deed.used)
            case Forgotten():
                self._steps.pop(deed.key, None)
            case Refused():
                self._refused.append(deed)
            case Bound():
                self._bound[deed.id] = deed
            case Standing():
                self._standings[deed.account] = deed
            case _:
                pass

    async def load(self) -> Loaded:
        """Give all of it."""
        await trio.lowlevel.checkpoint()
        steps = sorted(self._steps.values(), key=lambda kept: kept.used)
        standings = tuple(self._standings.values())
        return Loaded(tuple(steps), tuple(self._refused), tuple(self._bound.values()), standings)


class Nowhere:
    """Keeps nothing."""

    lost = 0

    def write(self, deed: Deed) -> None:
        """Let it go."""

    async def load(self) -> Loaded:
        """Give nothing."""
        await trio.lowlevel.checkpoint()
        return Loaded()
