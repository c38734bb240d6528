"""Records of requests by what was tried: each attempt in three words."""

from __future__ import annotations

from peekd.records.entries import AttemptRecord, RequestRecord


def record_of(outcome: str, *tried: str, status: int | None = 503, **changes: str) -> RequestRecord:
    """Make a record of attempts, each "account outcome move"."""
    record = RequestRecord("r", 0.0, "POST", "/v1/messages", "anthropic", state="done")
    record.outcome, record.status = outcome, status
    for number, words in enumerate(tried, 1):
        account, became, move = words.split()
        record.attempts.append(AttemptRecord(number, account, "up", "m", 0.0, outcome=became, move=move))
    for name, value in changes.items():
        setattr(record, name, value)
    return record
