"""Who held up the end: what is still open when the time to drain is over."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, takewhile

from peekd.records.entries import NOTICE, WARNING, Entry, RequestRecord
from peekd.records.live import Live

MOST = 20
"""Requests that are told one by one; of more than these, the number says enough."""


def tell_holders(live: Live, connections: int, now: float) -> Iterator[Entry]:
    """Give a line for each request that is open, the newest first, and one for connections without any.

    `connections`: how many are open; `now`: wall time in seconds.
    """
    yield from (_held(record, now) for record in islice(_open(live), MOST))
    opened = live.opened()
    if opened > MOST:
        yield Entry(f"the end was held up by {opened - MOST} more requests", WARNING)
    if connections > opened:
        count = connections - opened
        words = f"{count} connection{'s' * (count != 1)} without a request that peekd has read"
        yield Entry(f"the end was held up by {words}", NOTICE)


def _open(live: Live) -> Iterator[RequestRecord]:
    return takewhile(lambda record: record.state == "open", live.newest_first())


def _held(record: RequestRecord, now: float) -> Entry:
    whose = f" of {record.client}" if record.client else ""
    key = f" with the key {record.key}" if record.key else ""
    stage = {"": "nothing given yet", "early": "pings given", "late": "an answer under way"}[record.commit]
    words = f"{record.method} {record.path} for {record.model or 'no model'}{whose}{key}"
    attempt = record.attempts[-1] if record.attempts else None
    return Entry(
        f"the end was held up by {words}: open for {now - record.came:.0f} s, {stage}",
        WARNING,
        request=record.id,
        attempt=attempt.number if attempt else 0,
        account=record.account,
        model=record.model,
        upstream=attempt.upstream if attempt else "",
    )
