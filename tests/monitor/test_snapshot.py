from __future__ import annotations

from datetime import UTC

import msgspec
import pytest

from peekd.monitor.snapshot import kind_of, line_of, page_of, what_of, why_of
from peekd.records.entries import RequestRecord


def test_a_healed_request_in_a_line(healed: RequestRecord) -> None:
    healed.shown = 2
    line = line_of(healed, UTC)
    assert (line.id, line.came, line.kind) == ("0b2f", "2027-01-15 08:00:00", "healed")
    assert (line.what, line.model, line.mapped) == (
        "200 completed, healed",
        "claude-sonnet-4-5",
        "gemini-3-pro",
    )
    assert line.why == "429 rate_limited: RESOURCE_EXHAUSTED: slow\x1b[2J down"
    assert (line.path, line.first, line.took, line.tokens) == (
        "/v1/messages",
        "1.20 s",
        "3.42 s",
        "1.2 k in, 40 out",
    )


@pytest.mark.parametrize(
    ("changes", "kind", "what"),
    [
        ({}, "failed", "503 unauthorized"),
        ({"state": "open"}, "open", "attempt 1 under way"),
        ({"state": "open", "attempts": []}, "open", "open"),
        ({"outcome": "completed", "status": 200}, "good", "200 completed"),
        ({"outcome": "client_gone"}, "gone", "the client left"),
        ({"status": None, "outcome": "internal"}, "failed", "- internal"),
    ],
)
def test_each_way_to_stand_has_its_words(
    failed_record: RequestRecord, changes: dict[str, object], kind: str, what: str
) -> None:
    record = msgspec.structs.replace(failed_record, **changes)
    assert (kind_of(record), what_of(record)) == (kind, what)


def test_what_the_client_was_told_goes_before_what_the_attempts_came_to(failed_record: RequestRecord) -> None:
    failed_record.verdict = ""
    assert why_of(failed_record) == "401 unauthorized"
    failed_record.verdict = "no account is left"
    assert why_of(failed_record) == "no account is left"


def test_who_left_had_nothing_go_wrong(failed_record: RequestRecord) -> None:
    gone = msgspec.structs.replace(failed_record, outcome="client_gone", verdict="", note="in peek")
    assert why_of(gone) == "in peek"


def test_one_record_more_than_asked_for_says_that_there_is_another_page(healed: RequestRecord) -> None:
    records = [msgspec.structs.replace(healed, id=str(at), came=float(at)) for at in (3, 2, 1)]
    assert page_of(records, 2, UTC).older == 2.0
    assert [line.id for line in page_of(records, 2, UTC).lines] == ["3", "2"]
    assert page_of(records, 3, UTC).older is None
    assert page_of([], 3, UTC).older is None
