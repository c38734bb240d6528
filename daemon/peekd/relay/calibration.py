"""How far the local estimate of tokens is off for each model, learnt from what upstreams report.

A request that was answered is kept with the figure that was reported for it, and read only when somebody asks
for an estimate of that model: the way of an answer carries none of this work.
"""

from __future__ import annotations

import statistics
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

import msgspec

from peekd.accounts.wanted import Target
from peekd.protocols.estimate import estimate_prompt
from peekd.relay.asked import Asked
from peekd.relay.calls import Calls
from peekd.signatures.seal import Seal
from peekd.vocabulary.conversation import Family
from peekd.vocabulary.errors import ClientError

KEPT: Final = 9
"""Ratios of a model that are remembered; their median counts."""

WAITING: Final = 2
"""Requests of a model that wait to be read; newer ones take their place."""

MODELS: Final = 16
"""Models that are remembered, the last used."""

LARGEST: Final = 1024 * 1024
"""Bytes of a request that is kept: so all that wait are 32 MiB at the very most."""

APART: Final = 1.0
"""Seconds between two requests of one model that are kept."""

LEAST: Final = 200
"""Tokens below which a request tells more of its marks than of its words."""

BYTES_A_TOKEN: Final = 4.0
"""Of a request, where nothing was learnt about its model yet."""

LOWEST, HIGHEST = 0.5, 2.0
"""Bounds of the factor: an upstream that reports nonsense moves estimates no further."""

PRIORS: Final[dict[Family, float]] = {"anthropic": 1.03, "openai": 0.99}
"""Where nothing was learnt yet: the median that `./dev tokens` finds over its corpus, by tokenizer."""


class _Reported(msgspec.Struct, frozen=True):
    asked: Asked
    tokens: int


class _Model:
    """What is known of one model of one upstream."""

    def __init__(self) -> None:
        self.ratios: deque[float] = deque(maxlen=KEPT)
        self.waiting: deque[_Reported] = deque(maxlen=WAITING)
        self.last = float("-inf")
        self.bytes_a_token = BYTES_A_TOKEN


class Calibration:
    """Learns and corrects, by upstream and model, in memory alone. `now`: a monotonic clock in seconds."""

    def __init__(self, seal: Seal, now: Callable[[], float]) -> None:
        self._seal = seal
        self._now = now
        self._models: OrderedDict[Target, _Model] = OrderedDict()

    def note(self, target: Target, asked: Asked, tokens: int | None) -> None:
        """Keep a request whose whole answer came with its prompt's tokens, cached ones included."""
        if tokens is None or tokens < LEAST or len(asked.body) > LARGEST:
            return
        known = self._models.get(target)
        if known is None:
            known = self._models[target] = _Model()
        known.bytes_a_token = len(asked.body) / tokens
        if self._now() - known.last >= APART:
            known.last = self._now()
            known.waiting.append(_Reported(asked, tokens))
        self._touch(target)

    def corrected(self, target: Target, family: Family, tokens: int) -> int:
        """Give an estimate as this model is likely to count it: at least 1, and never less for more."""
        return max(1, round(tokens * self.factor(target, family)))

    def by_size(self, target: Target, size: int) -> int:
        """Guess the tokens of a prompt of so many bytes, without reading it: as the last one of its model."""
        known = self._models.get(target)
        return max(1, round(size / (known.bytes_a_token if known is not None else BYTES_A_TOKEN)))

    def factor(self, target: Target, family: Family) -> float:
        """What an estimate is multiplied with."""
        known = self._models.get(target)
        if known is None:
            return PRIORS.get(family, 1.0)
        self._touch(target)
        self._read(known)
        if not known.ratios:
            return PRIORS.get(family, 1.0)
        return min(max(statistics.median(known.ratios), LOWEST), HIGHEST)

    def _read(self, known: _Model) -> None:
        """Estimate what waits; a request that cannot be read whole teaches nothing."""
        while known.waiting:
            reported = known.waiting.popleft()
            try:
                conversation = Calls(reported.asked, self._seal).conversation
            except ClientError:
                continue
            known.ratios.append(reported.tokens / estimate_prompt(conversation))

    def _touch(self, target: Target) -> None:
        self._models.move_to_end(target)
        while len(self._models) > MODELS:
            self._models.popitem(last=False)
