"""What is counted of requests, in plain dictionaries: cheap to add to. `serving.exposition` shows it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import accumulate

from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.vocabulary.decisions import Step
from peekd.vocabulary.events import Usage
from peekd.vocabulary.outcomes import name_of

ANSWER_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0)
"""Limits of the buckets for what a client waits: an agent's turn takes from a blink to twenty minutes."""

LAG_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Limits of the buckets for how late a task comes to its turn."""

MOST_MODELS = 50
"""Pairs of upstream and model that are told apart: a client may ask for any name."""

MOST_EVENTS = 50
OTHER = "other"
"""What all others are counted as."""

_SHOWN = frozenset({"completed", "broken", "stalled", "client_gone", "drained"})
"""Outcomes of attempts whose first meaning, where there is one, went to the client."""


class Histogram:
    """How many values lay below each limit, and their sum."""

    __slots__ = ("_counts", "limits", "total")

    def __init__(self, limits: Sequence[float]) -> None:
        self.limits = limits
        self.total = 0.0
        self._counts = [0] * (len(limits) + 1)

    def note(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self.limits, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self._counts)

    @property
    def buckets(self) -> list[tuple[str, int]]:
        """Each limit with the number of values up to it; the last has no limit.

        >>> seen = Histogram((1.0, 2.0))
        >>> for value in (0.5, 1.0, 7.0): seen.note(value)
        >>> seen.buckets
        [('1.0', 2), ('2.0', 2), ('+Inf', 3)]
        """
        names = [*(str(limit) for limit in self.limits), "+Inf"]
        return list(zip(names, accumulate(self._counts), strict=True))


def _answers() -> Histogram:
    return Histogram(ANSWER_SECONDS)


class Tally:
    """One per house. Keys are label values, in the order of `serving.exposition.METRICS`.

    `lost`: by what was lost, how many there are by now; whoever may lose something puts itself there.
    """

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        self.attempts: Counter[tuple[str, str]] = Counter()
        self.decisions: Counter[tuple[str, str]] = Counter()
        self.tokens: Counter[tuple[str, str, str]] = Counter()
        self.events: Counter[str] = Counter()
        self.meaning: defaultdict[str, Histogram] = defaultdict(_answers)
        self.seconds: defaultdict[str, Histogram] = defaultdict(_answers)
        self.lag = Histogram(LAG_SECONDS)
        self.lost: dict[str, Callable[[], int]] = {}
        self._models: set[tuple[str, str]] = set()

    def stepped(self, step: Step) -> None:
        """Count a decision."""
        self.decisions[step.decision.move, name_of(step.outcome)] += 1

    def closed(self, record: RequestRecord) -> None:
        """Count a request that is over, with its attempts."""
        protocol = record.protocol
        self.requests[protocol, record.outcome] += 1
        for attempt in record.attempts:
            self.attempts[attempt.upstream, attempt.outcome] += 1
        self.seconds[protocol].note(record.seconds or 0.0)
        if record.attempts:
            self._served(record, record.attempts[-1])

    def happened(self, event: str) -> None:
        """Count something that is worth a line on a dashboard: a reload, a hedge that won. A fixed word."""
        known = event in self.events or len(self.events) < MOST_EVENTS
        self.events[event if known else OTHER] += 1

    def _served(self, record: RequestRecord, last: AttemptRecord) -> None:
        meant = last.marks.get("first_meaning")
        if meant is not None and last.outcome in _SHOWN:
            self.meaning[record.protocol].note(meant)
        model = self._model(last.upstream, last.model)
        for kind, count in _kinds(record.usage):
            if count:
                self.tokens[last.upstream, model, kind] += count

    def _model(self, upstream: str, model: str) -> str:
        """Give the model's name while there is room for names."""
        pair = (upstream, model)
        if pair not in self._models:
            if len(self._models) >= MOST_MODELS:
                return OTHER
            self._models.add(pair)
        return model


def _kinds(usage: Usage) -> tuple[tuple[str, int | None], ...]:
    return (
        ("prompt", usage.prompt),
        ("cached", usage.cached),
        ("cache_written", usage.cache_written),
        ("output", usage.output),
        ("thought", usage.thoughts),
    )
