"""A record as the ledger's rows, and back again. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import msgspec

from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.store.queries import Kept
from peekd.store.rows import AttemptRow, Draft, RequestRow

RETRIES: Final = frozenset({"again", "refresh", "rotate", "repair", "wait"})
"""Moves that lead to another attempt."""

_encoder: Final = msgspec.json.Encoder()
_requests: Final = msgspec.json.Decoder(RequestRecord)
_attempts: Final = msgspec.json.Decoder(AttemptRecord)


def request_row(record: RequestRecord) -> RequestRow:
    """Give a request's row, as it stands now; its attempts have rows of their own."""
    attempts, record.attempts = record.attempts, []
    try:
        told = _encoder.encode(record)
    except UnicodeEncodeError:
        return request_row(_sayable(record, attempts))
    finally:
        record.attempts = attempts
    last = attempts[-1] if attempts else None
    usage = record.usage
    return RequestRow(  # by place, in the order of its fields: thirty names would cost more than the row
        record.id,
        record.came,
        record.state == "open",
        record.failed,
        record.healed,
        record.outcome,
        record.note,
        record.status,
        record.path,
        record.protocol,
        record.client,
        record.key,
        record.session,
        record.model,
        record.mapped_model,
        record.account,
        last.upstream if last else "",
        len(attempts),
        record.seconds,
        record.first_meaning,
        usage.prompt,
        usage.cached,
        usage.cache_written,
        usage.output,
        usage.thoughts,
        record.counted,
        record.wasted,
        record.cost,
        words_of(record) if len(attempts) > 1 or record.outcome != "completed" else "",
        told,
    )


def attempt_row(record: RequestRecord, attempt: AttemptRecord) -> AttemptRow:
    """Give an attempt's row, as it stands now."""
    try:
        told = _encoder.encode(attempt)
    except UnicodeEncodeError:
        whole = _sayable(record, [attempt])
        return attempt_row(whole, whole.attempts[0])
    usage = attempt.usage
    return AttemptRow(  # by place, too
        record.id,
        attempt.number,
        record.came + attempt.started,
        attempt.ended is None,
        attempt.account,
        attempt.upstream,
        attempt.model,
        attempt.status,
        attempt.outcome,
        attempt.move,
        attempt.outcome if attempt.move in RETRIES else "",
        usage.prompt,
        usage.cached,
        usage.cache_written,
        usage.output,
        usage.thoughts,
        attempt.counted,
        attempt.wasted,
        attempt.cost,
        told,
    )


def _sayable(record: RequestRecord, attempts: list[AttemptRecord]) -> RequestRecord:
    """Give a copy in which every text can be written: half a surrogate becomes a question mark."""
    whole = msgspec.structs.replace(record, attempts=attempts)
    return msgspec.convert(_said(msgspec.to_builtins(whole)), RequestRecord)


def _said(value: object) -> object:
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case dict():
            return {_said(key): _said(one) for key, one in cast("dict[object, object]", value).items()}
        case list() | tuple():
            return [_said(one) for one in cast("list[object]", value)]
        case _:
            return value


def request_draft(record: RequestRecord) -> Draft:
    """Give what makes a request's row once it is written."""
    return Draft((record.id, 0), lambda: request_row(record))


def attempt_draft(record: RequestRecord, attempt: AttemptRecord) -> Draft:
    """Give what makes an attempt's row once it is written; attempts are numbered from 1."""
    return Draft((record.id, attempt.number), lambda: attempt_row(record, attempt))


def record_of(kept: Kept) -> RequestRecord:
    """Give the record that rows were made of; what was closed after a crash is closed in it too.

    Raises msgspec.ValidationError for rows of another version of peekd.
    """
    row = kept.request
    record = _requests.decode(row.told)
    record.state = "open" if row.open else "done"
    record.outcome, record.note, record.account = row.outcome, row.note, row.account
    record.attempts = [_attempt_of(tried.told, tried.outcome) for tried in kept.attempts]
    return record


def _attempt_of(told: bytes, outcome: str) -> AttemptRecord:
    attempt = _attempts.decode(told)
    attempt.outcome = outcome
    return attempt


def records_of(kept: Sequence[Kept]) -> list[RequestRecord]:
    """Give the records of many."""
    return [record_of(one) for one in kept]


def words_of(record: RequestRecord) -> str:
    """Gather what went wrong, in lower case, for searches: outcomes, errors, what the client was told."""
    said = [record.outcome, record.note, record.verdict]
    for attempt in record.attempts:
        if attempt.outcome not in {"", "accepted", "completed"}:
            said += [attempt.outcome, attempt.upstream_error]
    return "\n".join(dict.fromkeys(part for part in said if part)).lower()
