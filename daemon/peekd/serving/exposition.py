"""The metrics as Prometheus reads them: the table of all there are, and the page at /metrics.

Sums are kept by `records.tally`; prometheus-client is loaded when somebody asks for the first time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, get_args

import msgspec

from peekd.accounts.states import AccountState, State
from peekd.records.live import Live
from peekd.records.tally import Histogram, Tally
from peekd.relay.delivery import Final

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client import Metric as Family

MOST_ACCOUNTS = 200
"""Accounts that are told one by one; of more, the rest stand in the sums alone."""

Values = Iterable[tuple[Sequence[str], float]]


class Metric(msgspec.Struct, frozen=True):
    """One row: its name, kind and labels, and what it says."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    what: str


METRICS: tuple[Metric, ...] = (
    Metric("peekd_build_info", "gauge", ("version",), "always 1"),
    Metric("peekd_ready", "gauge", (), "1 while some account is usable and peekd is not shutting down"),
    Metric("peekd_requests_open", "gauge", (), "requests under way"),
    Metric("peekd_requests_total", "counter", ("protocol", "outcome"), "requests that are over"),
    Metric("peekd_attempts_total", "counter", ("upstream", "outcome"), "attempts of those requests"),
    Metric("peekd_decisions_total", "counter", ("move", "outcome"), "decisions, by what they were made on"),
    Metric(
        "peekd_first_meaning_seconds",
        "histogram",
        ("protocol",),
        "from a request's arrival to the first word, call or datum of the answer that was passed on",
    ),
    Metric("peekd_request_seconds", "histogram", ("protocol",), "from a request's arrival to its end"),
    Metric(
        "peekd_tokens_total",
        "counter",
        ("upstream", "model", "kind"),
        "tokens as the upstream reported them: prompt (of it cached, cache_written), output (of it thought)",
    ),
    Metric("peekd_accounts", "gauge", ("upstream", "state"), "accounts in each state"),
    Metric("peekd_account_state", "gauge", ("account", "state"), "1 for the state that the account is in"),
    Metric("peekd_signatures", "gauge", (), "steps of conversations whose signatures are remembered"),
    Metric("peekd_signatures_bytes", "gauge", (), "about how much memory they take"),
    Metric("peekd_lost_total", "counter", ("what",), "what could not be written down, and is gone"),
    Metric("peekd_events_total", "counter", ("event",), "what else happened, by a fixed word"),
    Metric("peekd_loop_lag_seconds", "histogram", (), "how late a task came to its turn, once a second"),
)
"""Every metric there is, in the order of the page."""


class House(Protocol):
    """As much of a house as is measured."""

    @property
    def tally(self) -> Tally:
        """What was counted."""
        ...

    @property
    def live(self) -> Live:
        """The requests in memory."""
        ...

    def ready(self) -> bool:
        """Whether a request could be served now."""
        ...

    def account_states(self) -> tuple[AccountState, ...]:
        """How the accounts stand."""
        ...

    def signatures(self) -> tuple[int, int]:
        """How many steps are remembered, and about how many bytes they take."""
        ...


class Exposition:
    """One per house: a registry of its own with one collector, which reads the sums when it is asked."""

    def __init__(self, house: House, version: str) -> None:
        self._house = house
        self._version = version
        self._registry: CollectorRegistry | None = None

    def page(self, accept: str) -> Final:
        """Give the page, as OpenMetrics where the `Accept` header asks for that."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import choose_encoder

        if self._registry is None:
            self._registry = CollectorRegistry(auto_describe=False)
            self._registry.register(self)
        encode, content_type = choose_encoder(accept)
        body: bytes = encode(self._registry)
        return Final(200, (("content-type", content_type),), body)

    def collect(self) -> Iterator[Family]:
        """Give every metric with its values; called by the registry."""
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        plain: Mapping[str, type[CounterMetricFamily | GaugeMetricFamily]] = {
            "counter": CounterMetricFamily,
            "gauge": GaugeMetricFamily,
        }
        values, histograms = self._values(), self._histograms()
        for row in METRICS:
            if row.kind == "histogram":
                spread = HistogramMetricFamily(row.name, row.what, labels=row.labels)
                for labels, seen in histograms[row.name].items():
                    spread.add_metric(labels, buckets=seen.buckets, sum_value=seen.total)
                yield spread
            else:
                family = plain[row.kind](row.name, row.what, labels=row.labels)
                for labels, value in values[row.name]():
                    family.add_metric(labels, value)
                yield family

    def _values(self) -> Mapping[str, Callable[[], Values]]:
        house, tally = self._house, self._house.tally
        steps, size = house.signatures()
        states = house.account_states()
        return {
            "peekd_build_info": lambda: [((self._version,), 1)],
            "peekd_ready": lambda: [((), house.ready())],
            "peekd_requests_open": lambda: [((), house.live.opened())],
            "peekd_requests_total": lambda: tally.requests.items(),
            "peekd_attempts_total": lambda: tally.attempts.items(),
            "peekd_decisions_total": lambda: tally.decisions.items(),
            "peekd_tokens_total": lambda: tally.tokens.items(),
            "peekd_accounts": lambda: _by_state(states),
            "peekd_account_state": lambda: _one_by_one(states),
            "peekd_signatures": lambda: [((), steps)],
            "peekd_signatures_bytes": lambda: [((), size)],
            "peekd_lost_total": lambda: [((what,), count()) for what, count in tally.lost.items()],
            "peekd_events_total": lambda: [((event,), count) for event, count in tally.events.items()],
        }

    def _histograms(self) -> Mapping[str, Mapping[Sequence[str], Histogram]]:
        tally = self._house.tally
        return {
            "peekd_first_meaning_seconds": {(one,): seen for one, seen in tally.meaning.items()},
            "peekd_request_seconds": {(one,): seen for one, seen in tally.seconds.items()},
            "peekd_loop_lag_seconds": {(): tally.lag},
        }


def _by_state(states: Sequence[AccountState]) -> Values:
    """Count by upstream; a state that nobody is in is 0, so that a graph has no holes."""
    counts = Counter((state.upstream, state.state) for state in states)
    upstreams = dict.fromkeys(state.upstream for state in states)
    return [((one, state), counts[one, state]) for one in upstreams for state in _STATES]


def _one_by_one(states: Sequence[AccountState]) -> Values:
    return [((one.name, state), one.state == state) for one in states[:MOST_ACCOUNTS] for state in _STATES]


_STATES: tuple[State, ...] = get_args(State)
