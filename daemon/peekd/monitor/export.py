"""The list of requests as files: JSON, and CSV that a spreadsheet opens without running anything. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping

import msgspec

from peekd.records.entries import RequestRecord

MOST = 10_000
"""Requests in one file."""

_COLUMNS: Mapping[str, Callable[[RequestRecord], object]] = {
    "id": lambda record: record.id,
    "came": lambda record: record.came,
    "state": lambda record: record.state,
    "outcome": lambda record: record.outcome,
    "status": lambda record: record.status,
    "failed": lambda record: record.failed,
    "healed": lambda record: record.healed,
    "method": lambda record: record.method,
    "path": lambda record: record.path,
    "protocol": lambda record: record.protocol,
    "model": lambda record: record.model,
    "mapped_model": lambda record: record.mapped_model,
    "account": lambda record: record.account,
    "client": lambda record: record.client,
    "key": lambda record: record.key,
    "session": lambda record: record.session,
    "attempts": lambda record: len(record.attempts),
    "causes": lambda record: " ".join(one.outcome for one in record.attempts[:-1]),
    "first_meaning_seconds": lambda record: record.first_meaning,
    "seconds": lambda record: record.seconds,
    "prompt_tokens": lambda record: record.usage.prompt,
    "cached_tokens": lambda record: record.usage.cached,
    "output_tokens": lambda record: record.usage.output,
    "wasted_tokens": lambda record: record.wasted,
    "cost_usd": lambda record: record.cost,
    "note": lambda record: record.note,
    "verdict": lambda record: record.verdict,
}

_COMMANDS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell that begins with one of these, or with its wide form, may be taken for a formula or a command."""


def encode_csv(records: Iterable[RequestRecord]) -> bytes:
    """Write one line for each request, below a line of names; RFC 4180, in UTF-8."""
    written = io.StringIO(newline="")
    lines = csv.writer(written)
    lines.writerow(_COLUMNS)
    for record in records:
        lines.writerow([_cell(take(record)) for take in _COLUMNS.values()])
    return written.getvalue().encode("utf-8", "replace")


def encode_json(records: Iterable[RequestRecord]) -> bytes:
    """Write the records whole: {"requests": [...]}."""
    return msgspec.json.encode({"requests": list(records)})


def _cell(value: object) -> str:
    """Write a cell; words that a spreadsheet might take for a formula get a quotation mark before them.

    >>> _cell("=1+1"), _cell(-1), _cell(True), _cell(None)
    ("'=1+1", '-1', 'true', '')
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return f"'{value}" if value.lstrip(" ").startswith(_COMMANDS) else value
        case _:
            return str(value)
