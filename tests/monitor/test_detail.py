from __future__ import annotations

from datetime import UTC

from peekd.monitor.detail import MARKS, Beside, detail_of
from peekd.monitor.timeline import PHASES
from peekd.records.entries import RequestRecord


def test_cause_decision_and_advice_of_a_healed_request(healed: RequestRecord) -> None:
    healed.shown = 2
    detail = detail_of(healed, Beside((("x-request-id", "0b2f"),), (("request", "hello"),)), 0.0, UTC)
    first, pause, second = detail.steps
    assert (first.title, first.status, first.outcome, first.good) == (
        "attempt 1",
        "429",
        "rate_limited",
        False,
    )
    assert (first.then, first.because) == ("rotate after 500 ms", "the account asks too fast; bob has quota")
    assert (pause.title, pause.outcome) == ("pause of 500 ms", "")
    assert second.title == "attempt 2 (the client saw this one)"
    assert ("first meaning", "at 1.200 s") in second.facts
    assert dict(detail.changes) == {"changed": "model", "dropped": "top_k", "repaired": "read.limit"}
    assert detail.commands == ("peekd explain 0b2f", "journalctl -u peekd PEEKD_REQUEST=0b2f")
    assert detail.outcomes == ("rate_limited", "completed")
    assert (detail.headers, detail.bodies) == ((("x-request-id", "0b2f"),), (("request", "hello"),))
    assert detail.tale.startswith("A client asked for claude-sonnet-4-5")


def test_what_is_not_known_does_not_stand_there(failed_record: RequestRecord) -> None:
    detail = detail_of(failed_record, Beside(), 0.0, UTC)
    names = dict(detail.facts)
    assert names["asked for"] == "an answer in one piece"
    assert {"first meaning after", "cost", "tokens in", "tokens wasted"}.isdisjoint(names)
    assert detail.advice.startswith("renew the credential of alice@example.com")
    assert detail.changes == ()


def test_every_mark_that_is_told_has_its_phase_in_the_drawing() -> None:
    assert set(MARKS) == set(PHASES) - {"end"}
