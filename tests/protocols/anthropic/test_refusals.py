"""Answers that are not 2xx: by type, by status, by the few phrases that matter."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.anthropic.refusals import decode_refusal, kind_of_type
from peekd.vocabulary.refusals import Refusal, RefusalKind

JSON = {"content-type": "application/json"}


def body(type_: str, message: str = "why") -> bytes:
    return json.dumps({
        "type": "error",
        "error": {"type": type_, "message": message},
        "request_id": "req_1",
    }).encode()


def kind(status: int, type_: str, message: str = "why", **headers: str) -> RefusalKind:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return decode_refusal(status, told, body(type_, message)).kind


@pytest.mark.parametrize(
    ("status", "type_", "expected"),
    [
        (400, "invalid_request_error", "invalid"),
        (401, "authentication_error", "unauthorized"),
        (402, "billing_error", "payment_required"),
        (403, "permission_error", "forbidden"),
        (404, "not_found_error", "model_not_found"),
        (405, "invalid_request_error", "invalid"),
        (408, "timeout_error", "server_error"),
        (409, "conflict_error", "server_error"),
        (413, "request_too_large", "too_large"),
        (415, "invalid_request_error", "invalid"),
        (418, "new_error", "invalid"),
        (422, "invalid_request_error", "invalid"),
        (429, "rate_limit_error", "rate_limited"),
        (500, "api_error", "server_error"),
        (500, "overloaded_error", "overloaded"),
        (403, "billing_error", "payment_required"),
        (502, "api_error", "server_error"),
        (503, "api_error", "overloaded"),
        (504, "timeout_error", "server_error"),
        (529, "overloaded_error", "overloaded"),
        (301, "", "server_error"),
    ],
)
def test_statuses_and_types(status: int, type_: str, expected: RefusalKind) -> None:
    assert kind(status, type_) == expected


def test_a_refusal_tells_all_it_was_told() -> None:
    words = body("rate_limit_error", "slow down")
    headers = JSON | {"retry-after": "7", "x-should-retry": "true"}
    assert decode_refusal(429, headers, words) == Refusal(
        "rate_limited",
        429,
        "slow down",
        "rate_limit_error",
        retry_after=7.0,
        should_retry=True,
        words=words,
        content_type="application/json",
    )


def test_a_low_credit_balance_is_the_accounts_fault() -> None:
    message = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."
    assert kind(400, "invalid_request_error", message) == "payment_required"


@pytest.mark.parametrize(
    "message",
    [
        "messages.1.content.0: Invalid `signature` in `thinking` block",
        "messages.1.content.0.thinking.signature: Field required",
        "messages.1.content.0.thinking.thinking: Field required",
        "messages.1.content.0.thinking: each thinking block must contain thinking",
        "Corrupted thought signature.",
        "messages.1.content.0: When thinking is disabled, an `assistant` message in the final position "
        "cannot contain `thinking`.",
        "messages.5.content.0: If an assistant message contains any thinking blocks, the first block must be "
        "`thinking` or `redacted_thinking`. Found `text`.",
        "messages.3: The final block in an assistant message cannot be `thinking`.",
        "messages.3.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`.",
        "messages.3.content.0: block must be `thinking`",
        "When `thinking` is enabled, a final `assistant` message must start with a thinking block",
        "`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.",
    ],
)
def test_replayed_thoughts_that_do_not_hold(message: str) -> None:
    assert kind(400, "invalid_request_error", message) == "signature"


@pytest.mark.parametrize(
    "message",
    [
        "INVALID_ARGUMENT",
        "messages.0.content.0: unexpected field in thinking block",
        "thinking.budget_tokens: must be greater than 1024",
        "tools.0: the signature of this function is too long",
        "max_tokens must be greater than thinking.budget_tokens",
    ],
)
def test_errors_of_mere_shape_are_the_requests_own(message: str) -> None:
    assert kind(400, "invalid_request_error", message) == "invalid"


def test_only_a_400_speaks_of_signatures() -> None:
    assert kind(422, "invalid_request_error", "Invalid `signature` in `thinking` block") == "invalid"


# ---- when to come back ----------------------------------------------------------------------------


def after(**headers: str) -> float | None:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return decode_refusal(429, told, body("rate_limit_error")).retry_after


def test_retry_after_in_seconds_milliseconds_and_as_a_date() -> None:
    assert after(retry_after="1.5") == 1.5
    assert after(retry_after_ms="250", retry_after="9") == 0.25
    assert after(retry_after="Thu, 01 Jan 1970 00:01:40 GMT", date="Thu, 01 Jan 1970 00:01:00 GMT") == 40.0
    assert after() is None


def test_a_date_without_the_answers_own_means_nothing() -> None:
    assert after(retry_after="Thu, 01 Jan 1970 00:01:40 GMT") is None


def test_a_pace_and_a_spent_share() -> None:
    assert kind(429, "rate_limit_error", retry_after="60") == "rate_limited"
    assert kind(429, "rate_limit_error", retry_after="3600") == "quota_exhausted"
    assert kind(429, "rate_limit_error", anthropic_ratelimit_unified_status="rejected") == "quota_exhausted"
    assert (
        kind(429, "rate_limit_error", anthropic_ratelimit_unified_5h_status="rejected") == "quota_exhausted"
    )
    assert kind(429, "rate_limit_error", anthropic_ratelimit_unified_7d_status="allowed") == "rate_limited"


# ---- bodies in other shapes -------------------------------------------------------------------------


def test_a_page_is_judged_by_its_status() -> None:
    page = b"<html><body>Bad gateway</body></html>"
    refusal = decode_refusal(502, {"Content-Type": "text/html"}, page)
    assert (refusal.kind, refusal.message, refusal.words) == ("server_error", "", page)
    assert refusal.content_type == "text/html"
    assert decode_refusal(413, {}, page).kind == "too_large"


def test_plain_words_are_the_message() -> None:
    assert decode_refusal(500, {}, b" upstream connect error ").message == "upstream connect error"


@given(st.integers(min_value=300, max_value=599), st.binary())
def test_total(status: int, raw: bytes) -> None:
    refusal = decode_refusal(status, {}, raw)
    assert refusal.kind in get_args(RefusalKind)
    assert refusal.words == raw


@pytest.mark.parametrize(
    ("type_", "expected"),
    [("overloaded_error", "overloaded"), ("api_error", "server_error"), ("", "server_error")],
)
def test_types_inside_a_stream(type_: str, expected: RefusalKind) -> None:
    assert kind_of_type(type_, "") == expected


def test_a_signature_error_inside_a_stream() -> None:
    assert kind_of_type("invalid_request_error", "Invalid `signature` in `thinking` block") == "signature"


@pytest.mark.parametrize(
    ("status", "type_", "message"),
    [
        (401, "authentication_error", "OAuth token has been revoked. Please obtain a new token."),
        (403, "permission_error", "OAuth authentication is not allowed: your account has been disabled."),
        (403, "permission_error", "Your account was suspended for a violation of our Terms of Service."),
        (403, "permission_error", "API keys have been disabled"),
        (400, "invalid_request_error", "This organization has been disabled."),
    ],
)
def test_an_account_that_is_shut_out_for_good_is_told_as_that(status: int, type_: str, message: str) -> None:
    refusal = decode_refusal(status, JSON, body(type_, message))
    assert refusal.stop
    assert refusal.kind in {"unauthorized", "forbidden"}


@pytest.mark.parametrize(
    ("status", "type_", "message"),
    [
        (401, "authentication_error", "invalid x-api-key"),
        (403, "permission_error", "Your API key does not have permission to use the specified resource."),
        (400, "invalid_request_error", "The request violates our usage policies."),
        (400, "invalid_request_error", "prompt: your account has been banned"),
        (429, "rate_limit_error", "This organization has been disabled."),
    ],
)
def test_what_is_no_such_word_of_the_account_is_not(status: int, type_: str, message: str) -> None:
    assert not decode_refusal(status, JSON, body(type_, message)).stop
