"""Who held up the end is told by request, client and key; a crowd by its number."""

from __future__ import annotations

from typing import Any

from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.records.live import Live
from peekd.service.holders import MOST, tell_holders


def record(number: int, **more: Any) -> RequestRecord:
    return RequestRecord(f"req_{number}", 100.0, "POST", "/v1/messages", "anthropic", **more)


def live(*records: RequestRecord) -> Live:
    kept = Live()
    for one in records:
        kept.open(one)
    return kept


def test_a_request_is_told_with_its_client_its_key_and_how_far_it_is() -> None:
    attempt = AttemptRecord(2, "bob", "up", "m", 0.0)
    held = record(1, client="claude-cli/2", key="alice", model="m", commit="early", account="bob")
    held.attempts.append(attempt)
    (entry,) = tell_holders(live(held), 1, 160.0)
    assert entry.message == (
        "the end was held up by POST /v1/messages for m of claude-cli/2 with the key alice: "
        "open for 60 s, pings given"
    )
    assert (entry.request, entry.attempt, entry.account, entry.upstream) == ("req_1", 2, "bob", "up")


def test_what_is_done_held_up_nothing() -> None:
    kept = live(record(1), record(2))
    kept.close(record(1))
    assert [entry.request for entry in tell_holders(kept, 1, 160.0)] == ["req_2"]
    assert list(tell_holders(live(), 0, 160.0)) == []


def test_a_crowd_is_told_by_its_number_and_so_are_connections_without_a_request() -> None:
    told = list(tell_holders(live(*(record(number) for number in range(MOST + 3))), MOST + 5, 160.0))
    assert len(told) == MOST + 2
    assert "3 more requests" in told[-2].message
    assert "2 connections without a request" in told[-1].message
