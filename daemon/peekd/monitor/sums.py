"""What is in memory summed up as the ledger sums itself up, for a daemon that keeps none. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.records.ledger import Summary
from peekd.records.rows import attempt_row
from peekd.store.charts import Bucket, Share, Span, percentile
from peekd.store.rows import AttemptRow


def summed_up(records: Iterable[RequestRecord], span: Span) -> Summary:
    """Sum up the requests of a span."""
    ours = [record for record in records if span.since <= record.came < span.until]
    rows = [attempt_row(record, attempt) for record in ours for attempt in record.attempts]
    places: defaultdict[int, list[RequestRecord]] = defaultdict(list)
    for record in ours:
        places[int((record.came - span.since) / span.bucket)].append(record)
    return Summary(
        tuple(_bucket(span.since + place * span.bucket, places[place]) for place in sorted(places)),
        _shares(rows, lambda row: row.account),
        _shares(rows, lambda row: row.model),
        _shares(rows, lambda row: row.cause),
    )


def _bucket(start: float, records: Sequence[RequestRecord]) -> Bucket:
    attempts = [attempt for record in records for attempt in record.attempts]
    times = sorted(record.first_meaning for record in records if record.first_meaning is not None)
    return Bucket(
        start=start,
        requests=len(records),
        failed=sum(record.failed for record in records),
        healed=sum(record.healed for record in records),
        p50=percentile(times, 0.50),
        p95=percentile(times, 0.95),
        prompt=sum(attempt.usage.prompt or 0 for attempt in attempts),
        output=sum(attempt.usage.output or 0 for attempt in attempts),
        wasted=sum(attempt.wasted for attempt in attempts),
        cost=_cost(attempts),
    )


def _shares(rows: Iterable[AttemptRow], name: Callable[[AttemptRow], str]) -> tuple[Share, ...]:
    parts: defaultdict[str, list[AttemptRow]] = defaultdict(list)
    for row in rows:
        parts[name(row)].append(row)
    parts.pop("", None)
    made = (
        Share(
            name=one,
            attempts=len(part),
            completed=sum(row.outcome == "completed" for row in part),
            prompt=sum(row.prompt or 0 for row in part),
            cached=sum(row.cached or 0 for row in part),
            output=sum(row.output or 0 for row in part),
            wasted=sum(row.wasted for row in part),
            cost=_cost(part),
        )
        for one, part in parts.items()
    )
    return tuple(sorted(made, key=lambda share: (-share.attempts, share.name)))


def _cost(attempts: Iterable[AttemptRecord | AttemptRow]) -> float | None:
    known = [attempt.cost for attempt in attempts if attempt.cost is not None]
    return sum(known) if known else None
