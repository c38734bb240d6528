"""A request as a trace: one span for it and one for each attempt, as values. Who sends them is elsewhere.

Names are those of OpenTelemetry's semantic conventions for generative AI; what they have no name for begins
with `peekd.`. Nothing of what was asked or answered is in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.records.live import failed

Value = str | int | float | bool
Attributes = dict[str, Value]

OPERATIONS: Mapping[str, str] = {"gemini": "generate_content", "openai-completions": "text_completion"}
"""By a client's protocol, where it is not a "chat"."""

PROVIDERS: Mapping[str, str] = {
    "anthropic": "anthropic",
    "gemini": "gcp.gemini",
    "openai-chat": "openai",
    "openai-responses": "openai",
}
"""By an upstream's protocol. One that merely speaks it is taken for its maker; `peekd.upstream` tells."""

_NANOSECONDS = 1_000_000_000
_WELL = frozenset({"completed", "accepted", "superseded", "client_gone"})
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class Span(msgspec.Struct, frozen=True):
    """One span. `start`, `end`: nanoseconds since 1970. `error`: an outcome, "" where it went well."""

    name: str
    start: int
    end: int
    attributes: Attributes
    error: str = ""


class Parent(msgspec.Struct, frozen=True):
    """What a client's `traceparent` names."""

    trace: int
    span: int
    flags: int


def parent_of(header: str) -> Parent | None:
    """Read a `traceparent` (W3C Trace Context, section 3.2); None where it is none.

    >>> parent_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").flags, parent_of("00-0-0-0")
    (1, None)
    """
    found = _TRACEPARENT.fullmatch(header)
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    trace, span, flags = (int(found[number], 16) for number in (2, 3, 4))
    return Parent(trace, span, flags) if trace and span else None


def request_span(record: RequestRecord, providers: Mapping[str, str]) -> Span:
    """The span of a request that is over. `providers`: by upstream."""
    last = record.attempts[-1] if record.attempts else None
    attributes = _attributes({
        **_common(record, last, providers),
        "gen_ai.request.model": record.model,
        "gen_ai.response.model": record.mapped_model,
        "gen_ai.request.stream": record.stream,
        "gen_ai.conversation.id": record.session,
        "http.response.status_code": record.status,
        "error.type": record.outcome if failed(record) else "",
        "peekd.request": record.id,
        "peekd.protocol": record.protocol,
        "peekd.outcome": record.outcome,
        "peekd.note": record.note,
        "peekd.attempts": len(record.attempts),
        "peekd.account": record.account,
        **_usage(record),
    })
    start = _at(record, 0.0)
    error = record.outcome if failed(record) else ""
    return Span(_name(record, record.model), start, _at(record, record.seconds or 0.0), attributes, error)


def attempt_span(record: RequestRecord, attempt: AttemptRecord, providers: Mapping[str, str]) -> Span:
    """The span of one attempt; the last one has what was used."""
    error = "" if attempt.outcome in _WELL else attempt.outcome
    meant = attempt.marks.get("first_meaning")
    attributes = _attributes({
        **_common(record, attempt, providers),
        "gen_ai.request.model": attempt.model,
        "gen_ai.response.id": attempt.upstream_request_id,
        "gen_ai.response.time_to_first_chunk": None if meant is None else round(meant - attempt.started, 6),
        "http.response.status_code": attempt.status,
        "error.type": error,
        "peekd.attempt": attempt.number,
        "peekd.account": attempt.account,
        "peekd.upstream": attempt.upstream,
        "peekd.outcome": attempt.outcome,
        "peekd.move": attempt.move,
        "peekd.because": attempt.because,
        **(_usage(record) if attempt is record.attempts[-1] else {}),
    })
    ended = record.seconds if attempt.ended is None else attempt.ended
    end = _at(record, attempt.started if ended is None else ended)
    return Span(_name(record, attempt.model), _at(record, attempt.started), end, attributes, error)


def _common(
    record: RequestRecord, attempt: AttemptRecord | None, providers: Mapping[str, str]
) -> dict[str, Value | None]:
    provider = providers.get(attempt.upstream) if attempt is not None else None
    return {
        "gen_ai.operation.name": OPERATIONS.get(record.protocol, "chat"),
        "gen_ai.provider.name": provider or PROVIDERS.get(record.protocol, "openai"),
    }


def _usage(record: RequestRecord) -> dict[str, Value | None]:
    usage = record.usage
    return {
        "gen_ai.usage.input_tokens": usage.prompt,
        "gen_ai.usage.output_tokens": usage.output,
        "gen_ai.usage.cache_read.input_tokens": usage.cached,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_written,
        "gen_ai.usage.reasoning.output_tokens": usage.thoughts,
    }


def _attributes(told: Mapping[str, Value | None]) -> Attributes:
    """Leave out what says nothing."""
    return {name: value for name, value in told.items() if value is not None and value != ""}


def _name(record: RequestRecord, model: str) -> str:
    return f"{OPERATIONS.get(record.protocol, 'chat')} {model}".strip()


def _at(record: RequestRecord, since: float) -> int:
    return int((record.came + since) * _NANOSECONDS)
