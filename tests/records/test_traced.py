"""A request as spans: the conventions' names, true times, and nothing of what was said."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.records.entries import AttemptRecord, RequestRecord
from peekd.records.traced import OPERATIONS, PROVIDERS, attempt_span, parent_of, request_span
from peekd.vocabulary.events import Usage

gen_ai_attributes: Any = import_module("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
KNOWN: set[str] = {
    getattr(gen_ai_attributes, name) for name in dir(gen_ai_attributes) if name.startswith("GEN_AI_")
}
OPERATION_NAMES = {one.value for one in gen_ai_attributes.GenAiOperationNameValues}
PROVIDER_NAMES = {one.value for one in gen_ai_attributes.GenAiProviderNameValues}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def record() -> RequestRecord:
    """One that was healed."""
    made = RequestRecord("req_1", 1000.0, "POST", "/v1/messages", "anthropic", model="claude", stream=True)
    made.attempts = [
        AttemptRecord(1, "alice", "google", "gemini", 0.5, status=429, outcome="rate_limited", ended=0.75),
        AttemptRecord(2, "bob", "google", "gemini", 1.0, {"first_meaning": 1.5}, 200, outcome="completed"),
    ]
    made.state, made.outcome, made.status, made.seconds = "done", "completed", 200, 3.0
    made.mapped_model, made.usage = "gemini", Usage(prompt=100, cached=40, output=7)
    return made


def test_each_span_has_its_own_times(record: RequestRecord) -> None:
    assert (request_span(record, {}).start, request_span(record, {}).end) == (1000 * 10**9, 1003 * 10**9)
    spans = [attempt_span(record, attempt, {}) for attempt in record.attempts]
    assert [(span.start / 10**9, span.end / 10**9) for span in spans] == [(1000.5, 1000.75), (1001.0, 1003.0)]


def test_names_are_the_conventions_or_our_own(record: RequestRecord) -> None:
    spans = [request_span(record, {}), *(attempt_span(record, one, {}) for one in record.attempts)]
    for span in spans:
        for name in span.attributes:
            assert (
                name in KNOWN
                or name.startswith("peekd.")
                or name
                in {
                    "error.type",
                    "http.response.status_code",
                }
            )
    assert set(OPERATIONS.values()) | {"chat"} <= OPERATION_NAMES
    assert set(PROVIDERS.values()) <= PROVIDER_NAMES


def test_what_was_used_stands_with_the_request_and_with_who_served(record: RequestRecord) -> None:
    first, second = (attempt_span(record, one, {"google": "gcp.gemini"}) for one in record.attempts)
    whole = request_span(record, {"google": "gcp.gemini"})
    for span in (whole, second):
        assert span.attributes["gen_ai.usage.input_tokens"] == 100
        assert span.attributes["gen_ai.usage.cache_read.input_tokens"] == 40
        assert "gen_ai.usage.reasoning.output_tokens" not in span.attributes
    assert "gen_ai.usage.input_tokens" not in first.attributes
    assert (whole.name, second.name) == ("chat claude", "chat gemini")
    assert {span.attributes["gen_ai.provider.name"] for span in (whole, first, second)} == {"gcp.gemini"}
    assert second.attributes["gen_ai.response.time_to_first_chunk"] == 0.5


def test_a_failure_is_an_error_by_its_outcome(record: RequestRecord) -> None:
    assert attempt_span(record, record.attempts[0], {}).error == "rate_limited"
    assert request_span(record, {}).error == ""
    failed = msgspec.structs.replace(record, outcome="broken")
    assert (request_span(failed, {}).error, request_span(failed, {}).attributes["error.type"]) == (
        "broken",
        "broken",
    )


def test_a_request_without_attempts_is_a_span_all_the_same() -> None:
    turned_away = RequestRecord("r", 1.0, "POST", "/v1/completions", "openai-completions", state="done")
    span = request_span(turned_away, {})
    assert (span.name, span.attributes["gen_ai.provider.name"]) == ("text_completion", "openai")


def test_a_traceparent_is_read_and_nonsense_is_none() -> None:
    parent = parent_of(TRACE)
    assert parent is not None
    assert (f"{parent.trace:032x}", f"{parent.span:016x}") == (TRACE[3:35], TRACE[36:52])
    for odd in (
        "",
        TRACE[:-1],
        f"ff{TRACE[2:]}",
        f"{TRACE}-more",
        TRACE.upper(),
        f"00-{'0' * 32}-{'1' * 16}-01",
    ):
        assert parent_of(odd) is None
    assert parent_of(f"01{TRACE[2:]}-more") is not None


@given(st.text(max_size=120))
def test_no_header_breaks_it(header: str) -> None:
    parent_of(header)
