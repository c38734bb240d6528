"""What all requests share of hedging: how soon each model begins, and how many hedges are left."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from peekd.accounts.wanted import Target
from peekd.healing.hedge import Bucket, Pace
from peekd.healing.settings import HedgingSettings

MODELS: Final = 64
"""Models that are remembered, the last used."""


class Hedges:
    """One per house."""

    def __init__(self, settings: HedgingSettings) -> None:
        self.settings = settings
        self.bucket = Bucket()
        self._paces: OrderedDict[Target, Pace] = OrderedDict()

    def asked(self) -> None:
        """A request came that may be hedged."""
        self.bucket = self.bucket.filled(self.settings.max_share)

    def take(self) -> bool:
        """Take leave for one hedge; False where there is none."""
        drawn = self.bucket.drawn()
        self.bucket = drawn or self.bucket
        return drawn is not None

    def delay(self, target: Target) -> float:
        """Seconds without meaning after which a second attempt may start."""
        return self._paces.get(target, Pace()).delay(self.settings)

    def note(self, target: Target, seconds: float) -> None:
        """An answer began so many seconds after its attempt, or would have begun later than that."""
        self._paces[target] = self._paces.get(target, Pace()).noted(seconds)
        self._paces.move_to_end(target)
        while len(self._paces) > MODELS:
            self._paces.popitem(last=False)
