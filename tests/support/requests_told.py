"""Records of requests, as peekd would have written them; and strategies for all that there could be."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.records.rows import attempt_row, request_row
from peekd.store.rows import Row
from peekd.vocabulary.events import Usage

CAME = 1_800_000_000.0


def attempt(
    number: int = 1, account: str = "alice", outcome: str = "completed", **more: Any
) -> AttemptRecord:
    """An attempt that is over."""
    known: dict[str, Any] = {
        "upstream": "up",
        "model": "gpt-5",
        "started": float(number - 1),
        "ended": float(number),
        "marks": {"sent": 0.1, "first_meaning": number - 0.5},
        "usage": Usage(prompt=100, cached=40, output=10),
        "counted": "reported",
    }
    return AttemptRecord(number=number, account=account, outcome=outcome, **{**known, **more})


def request(name: str = "req_000001", *attempts: AttemptRecord, **more: Any) -> RequestRecord:
    """A request that is over: whole, by its last attempt."""
    tried = list(attempts) or [attempt()]
    known: dict[str, Any] = {
        "came": CAME,
        "method": "POST",
        "path": "/v1/messages",
        "protocol": "anthropic",
        "model": "claude-x",
        "mapped_model": "gpt-5",
        "state": "done",
        "outcome": "completed",
        "status": 200,
        "account": tried[-1].account,
        "usage": tried[-1].usage,
        "shown": tried[-1].number,
        "seconds": 2.0,
    }
    return RequestRecord(id=name, attempts=tried, **{**known, **more})


def rows_of(record: RequestRecord) -> list[Row]:
    """Give all the rows of a record."""
    return [request_row(record), *(attempt_row(record, one) for one in record.attempts)]


_WORDS = st.sampled_from([
    "",
    "alice",
    "Bob",
    "gpt-5",
    "claude-x",
    "x%y",
    "CUT Off",
    "é\u2028",
    "broken",
    "silent",
])
_TOKENS = st.none() | st.integers(0, 10**6)
_USAGES = st.builds(Usage, _TOKENS, _TOKENS, _TOKENS, _TOKENS, _TOKENS)
_OUTCOMES = st.sampled_from(["", "completed", "broken", "silent", "client_gone", "internal"])


@st.composite
def records(draw: st.DrawFn, names: st.SearchStrategy[str] | None = None) -> RequestRecord:
    """Any record, also such as no journey would write."""
    tried = [
        AttemptRecord(
            number=number + 1,
            account=draw(_WORDS),
            upstream=draw(_WORDS),
            model=draw(_WORDS),
            started=float(number),
            outcome=draw(_OUTCOMES),
            upstream_error=draw(_WORDS),
            usage=draw(_USAGES),
            ended=draw(st.none() | st.just(number + 1.0)),
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    return RequestRecord(
        id=draw(names if names is not None else st.uuids().map(str)),
        came=CAME + draw(st.integers(0, 50)),
        method="POST",
        path=draw(st.sampled_from(["/v1/messages", "/v1/responses"])),
        protocol="anthropic",
        key=draw(_WORDS),
        session=draw(_WORDS),
        model=draw(_WORDS),
        mapped_model=draw(_WORDS),
        attempts=tried,
        state=draw(st.sampled_from(["open", "done"])),
        outcome=draw(_OUTCOMES),
        verdict=draw(_WORDS),
        usage=draw(_USAGES),
        account=tried[-1].account if tried else "",
    )


def same(one: RequestRecord, other: RequestRecord) -> bool:
    """Whether two records say the same."""
    return msgspec.json.encode(one) == msgspec.json.encode(other)
