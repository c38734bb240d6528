"""Write docs/metrics.md from the table of metrics, as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from peekd.accounts.states import State
from peekd.protocols.registry import CLIENTS
from peekd.records.tally import ANSWER_SECONDS, LAG_SECONDS, MOST_EVENTS, MOST_MODELS, OTHER
from peekd.serving.exposition import METRICS, MOST_ACCOUNTS, Metric

_HEAD = """\
# Metrics

<!-- Written by `./dev docs` from daemon/peekd/serving/exposition.py. -->

`GET /metrics` gives them in Prometheus' text form, or as OpenMetrics where `Accept` asks for that. It is for
whoever may use the admin API, unless `[metrics] open = true`. `etc/grafana-peekd.json` is a dashboard.

Sums begin at 0 when peekd starts. Counting is a few additions in memory: on one core, 0.0016 ms for a
request of two attempts once it is over, 0.0002 ms for a decision. The page is made when it is asked for, in
1.3 ms with 50 accounts; its library is loaded then. Names of outcomes and moves are those of
[promises](promises.md#outcomes); what to do about an outcome stands in [troubleshooting](troubleshooting.md).

| metric | kind | labels | what |
|---|---|---|---|
"""

_LABELS = """
## Labels

None of them grows with what clients send.

| label | values |
|---|---|
| `protocol` | the client's: {protocols} |
| `outcome`, `move` | as in [promises](promises.md#outcomes); `outcome` of a request is its record's |
| `upstream`, `account` | names from the settings; the first {accounts} accounts one by one |
| `model` | as the upstream was asked; after {models} of them, `{other}` |
| `kind` | `prompt`, of it `cached` and `cache_written`; `output`, of it `thought` |
| `state` | {states} |
| `what` | `app.log`: lines; `signatures`: deeds of the store |
| `event` | `settings_taken_over`, `settings_refused`, by a reload; after {events} of them, `{other}` |
| `version` | peekd's |

Buckets, in seconds: {answers}; for the lag: {lag}.

## Questions, and how to ask them

```promql
# the share of requests that got no whole answer
sum(rate(peekd_requests_total{{outcome!~"completed|client_gone"}}[5m])) / sum(rate(peekd_requests_total[5m]))
# how often what is done about which failure
sum by (move, outcome) (rate(peekd_decisions_total{{move!="relay"}}[5m]))
# the first word, 95 of 100 requests
histogram_quantile(0.95, sum by (le) (rate(peekd_first_meaning_seconds_bucket[5m])))
# accounts that a person must mend
sum by (account) (peekd_account_state{{state="to_mend"}}) > 0
```
"""


def encode_metrics_page() -> str:
    """Write docs/metrics.md: each metric in the order of the page, then the values of labels."""
    return _HEAD + "".join(_row(metric) for metric in METRICS) + _labels()


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.what} |\n"


def _labels() -> str:
    return _LABELS.format(
        protocols=_quoted(CLIENTS),
        accounts=MOST_ACCOUNTS,
        models=MOST_MODELS,
        events=MOST_EVENTS,
        other=OTHER,
        states=_quoted(get_args(State)),
        answers=", ".join(f"{limit:g}" for limit in ANSWER_SECONDS),
        lag=", ".join(f"{limit:g}" for limit in LAG_SECONDS),
    )


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
