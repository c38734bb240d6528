"""Laws on what is told, to whom, and what is written down."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from peekd.records.entries import RequestRecord
from simulation.settings import CLIENT_KEY
from simulation.transcripts import OK, Call, Case, Said, finished

OURS = frozenset({400, 404, 405, 408, 409, 413, 422, 429, 500, 503})
"""Statuses that peekd answers with."""

KEPT_BACK = (
    "set-cookie",
    "server",
    "anthropic-ratelimit",
    "x-ratelimit",
    "anthropic-organization",
    "openai-org",
)
CANARY = b"sk-canary-up-"

# ---- what it is told -----------------------------------------------------------------------------


def true_status(case: Case) -> Iterator[str]:
    """Errors are peekd's own: no account's 401, no 5xx of a vendor's; and one that may pass names a time."""
    call = case.call
    if call.end in {"", "refused", "gave up"} or not call.status or call.status == OK:
        return
    if call.status == 500:
        yield "peekd met a bug of its own"
    stranger = call.errand == "stranger" and call.status == 401
    if call.status not in OURS and not stranger:
        yield f"status {call.status}"
    timed = "retry-after" in call.headers or call.headers.get("x-should-retry") == "false"
    if call.status in {429, 503} and not timed:
        yield f"{call.status} without a time to come back"
    if finished(call) and not call.heard.error:
        yield f"{call.status} with a body that is no error of {call.tongue}: {call.body[:80]!r}"


def errands_done(case: Case) -> Iterator[str]:
    """What is no conversation is answered too: counts, strangers, nonsense, lost paths."""
    call = case.call
    if call.asked_at is None:
        return
    wanted = {
        "count": {OK, 429, 503},
        "stranger": {401} if case.rules.server.auth != "auto" else {OK, *OURS},
        "nonsense": {400, 429, 503},
        "lost": {404},
    }.get(call.errand)
    if wanted and finished(call) and call.status not in wanted:
        yield f"{call.errand}: status {call.status}"


def secrets_kept(case: Case) -> Iterator[str]:
    """No credential reaches a client, no client's key an upstream, and neither is written down."""
    written = b"".join(msgspec.json.encode(entry) for _, entry in case.entries)
    record = msgspec.json.encode(case.record) if case.record else b""
    told = case.call.body + msgspec.json.encode(case.call.headers)
    for place, text in (("client", told), ("journal", written), ("record", record)):
        if b"sk-canary" in text:
            at = text.index(b"sk-canary")
            yield f"towards the {place}: {text[max(0, at - 40) : at + 40]!r}"
    for said in case.said:
        if CLIENT_KEY.encode() in said.line.sent:
            yield f"a client's key went to {said.upstream}"
        keys = {part.split(b"-")[3] for part in _keys(bytes(said.line.sent))}
        if keys - {account.encode() for account in _accounts_of(case, said)}:
            yield f"a credential of {keys} went to {said.upstream}"


def _keys(text: bytes) -> Iterator[bytes]:
    for part in text.split(CANARY)[1:]:
        yield CANARY + part[:40]


def _accounts_of(case: Case, said: Said) -> set[str]:
    return {other.account for other in case.others if other.upstream == said.upstream}


def kept_back(case: Case) -> Iterator[str]:
    """An account's limits, cookies and servers are nobody's business."""
    for name in case.call.headers:
        if name.startswith(KEPT_BACK):
            yield f"header {name}"


# ---- what is written down ------------------------------------------------------------------------


def record_tells(case: Case) -> Iterator[str]:
    """There is one record, closed, and it says what became of the request."""
    call, record = case.call, case.record
    if call.errand != "converse" or call.disturbed:
        return
    if record is None:
        if "x-request-id" in call.headers and call.status == OK:
            yield "no record"
        return
    if record.state != "done":
        yield "the record is still open"
    yield from _told_by(record, call)
    numbers = [attempt.number for attempt in record.attempts]
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < len(case.said):
        yield f"{len(case.said)} attempts were seen, and {numbers} written down"
    if sum(entry.phase == "end" for _, entry in case.entries) > 1:
        yield "it ended more than once in the journal"


def _told_by(record: RequestRecord, call: Call) -> Iterator[str]:
    if finished(call) and call.well and record.outcome not in {"completed", "client_gone"}:
        yield f"the client has a whole answer, the record says {record.outcome}"
    if finished(call) and not call.well and record.outcome == "completed":
        yield "the client has no whole answer, the record says completed"
    if record.outcome == "internal":
        yield "a bug of peekd's own"
    if finished(call) and record.status != call.status:
        yield f"status {call.status}, written down as {record.status}"
