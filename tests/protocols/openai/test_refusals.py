"""Error bodies of OpenAI and compatible servers, each read for what it means."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.openai.refusals import decode_error, decode_refusal
from peekd.vocabulary.refusals import RefusalKind


def error(message: str = "m", type_: str = "", code: str = "null") -> str:
    return f'{{"error":{{"message":"{message}","type":"{type_}","param":null,"code":{code}}}}}'


CASES: list[tuple[int, str, RefusalKind]] = [
    (429, error(type_="insufficient_quota", code='"insufficient_quota"'), "payment_required"),
    (429, error(code='"rate_limit_exceeded"'), "rate_limited"),
    (429, error("Limit reached on requests per day (RPD)", code='"rate_limit_exceeded"'), "quota_exhausted"),
    (401, error(code='"invalid_api_key"'), "unauthorized"),
    (400, error(code='"invalid_api_key"'), "unauthorized"),
    (402, error("Insufficient credits", code="402"), "payment_required"),
    (403, error(), "forbidden"),
    (404, error(code='"model_not_found"'), "model_not_found"),
    (400, error(type_="invalid_request_error", code='"context_length_exceeded"'), "invalid"),
    (400, error(type_="invalid_request_error"), "invalid"),
    (413, error(), "too_large"),
    (422, '{"detail":[{"loc":["body"]}]}', "invalid"),
    (500, error(type_="server_error"), "server_error"),
    (503, error("The engine is overloaded"), "overloaded"),
    (500, error("Loading model", type_="unavailable_error", code="503"), "overloaded"),
    (500, error("Rate limited", code="429"), "rate_limited"),
    (400, '{"object":"error","message":"too long","type":"BadRequestError","code":400}', "invalid"),
    (429, '[{"error":{"code":429,"message":"Resource exhausted"}}]', "rate_limited"),
    (404, '{"error":"model not found, try pulling it"}', "model_not_found"),
    (502, "<html>502 Bad Gateway</html>", "server_error"),
    (418, "", "invalid"),
]


@pytest.mark.parametrize(("status", "body", "kind"), CASES)
def test_what_a_body_means(status: int, body: str, kind: RefusalKind) -> None:
    refusal = decode_refusal(status, {"content-type": "application/json"}, body.encode())
    assert (refusal.kind, refusal.status, refusal.words) == (kind, status, body.encode())


WAITS: list[tuple[dict[str, str], str, float | None]] = [
    ({"retry-after-ms": "1500", "retry-after": "9"}, "", 1.5),
    ({"retry-after": "9"}, "Please try again in 20s.", 9.0),
    ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2s"}, "", 62.0),
    ({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "1m2s"}, "", None),
    ({}, "Please try again in 6m0s. Visit", 360.0),
    ({}, "Please try again in 340ms.", 0.34),
    ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, "", None),
    (
        {"date": "Wed, 21 Oct 2026 07:27:30 GMT", "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"},
        "",
        30.0,
    ),
]


@pytest.mark.parametrize(("headers", "message", "after"), WAITS)
def test_when_to_come_back(headers: dict[str, str], message: str, after: float | None) -> None:
    refusal = decode_refusal(429, headers, error(message).encode())
    assert refusal.retry_after == after
    assert refusal.kind == ("quota_exhausted" if (after or 0) > 300 else "rate_limited")


def test_a_limit_of_one_model_is_no_limit_of_the_account() -> None:
    said = error(
        "Rate limit reached for gpt-5 in organization org-1 on tokens per min", code='"rate_limit_exceeded"'
    )
    assert decode_refusal(429, {}, said.encode()).scope == "model"
    assert decode_refusal(429, {}, error().encode()).scope == "account"


def test_the_upstreams_word_on_asking_again_is_kept() -> None:
    assert decode_refusal(500, {"x-should-retry": "false"}, b"").should_retry is False


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"message":"x","type":"server_error"}', "server_error"),
        (b'{"message":"x","code":429}', "rate_limited"),
        (b'{"message":"x","type":"requests"}', "rate_limited"),
        (b'{"message":"x","type":"invalid_request_error"}', "invalid"),
        (b'"just words"', "server_error"),
    ],
)
def test_an_error_inside_a_stream(body: bytes, kind: RefusalKind) -> None:
    assert decode_error(body).kind == kind


@given(st.integers(300, 599), st.binary())
def test_no_bytes_make_it_raise(status: int, body: bytes) -> None:
    decode_refusal(status, {}, body)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"code": "invalid_encrypted_content", "message": "x"}, "signature"),
        (
            400,
            {
                "message": "The encrypted content gAAA...x could not be verified. Reason: Encrypted content "
                "organization_id did not match the target organization."
            },
            "signature",
        ),
        (
            400,
            {"message": "Item 'rs_1' of type 'reasoning' was provided without its required following item."},
            "signature",
        ),
        (
            404,
            {"message": "Item with id 'rs_1' not found."},
            "signature",
        ),
        (404, {"message": "Item with id 'msg_1' not found."}, "model_not_found"),
        (500, {"message": "The encrypted content x could not be verified."}, "server_error"),
        (400, {"code": "previous_response_not_found", "message": "x"}, "invalid"),
        (404, {"code": "previous_response_not_found", "message": "x"}, "invalid"),
        (400, {"code": "invalid_prompt", "message": "x"}, "invalid"),
        (500, {"code": "image_parse_error", "message": "x"}, "invalid"),
        (429, {"type": "usage_limit_reached", "message": "x"}, "quota_exhausted"),
        (503, {"code": "server_is_overloaded", "message": "x"}, "overloaded"),
    ],
)
def test_what_responses_upstreams_say(status: int, error: dict[str, str], kind: str) -> None:
    assert decode_refusal(status, {}, msgspec.json.encode({"error": error})).kind == kind


def _provider(words: object) -> dict[str, object]:
    return {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": words}}}


CLAUDES = "messages.1.content.0: Invalid `signature` in `thinking` block"


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "Function call is missing a thought_signature in functionCall parts. Position 2.", "signature"),
        (400, "Corrupted thought signature.", "signature"),
        (400, CLAUDES, "signature"),
        (400, "x.thinking.signature: Field required", "signature"),
        (400, "The content[].thinking must be `thinking`", "signature"),
        (400, "Expected `thinking` or `redacted_thinking`, but found `text`.", "signature"),
        (400, "'messages.1.tool_calls.0' : property 'extra_content' is unsupported", "signature"),
        (400, "Invalid value.", "invalid"),
        (400, "tools.0: the signature of this function is too long", "invalid"),
        (400, "messages.1: unexpected thinking block", "invalid"),
        (429, "Corrupted thought signature.", "rate_limited"),
    ],
)
def test_what_is_said_of_replayed_thoughts_behind_chat(status: int, message: str, kind: str) -> None:
    """In Google's own form, and as gateways say it; a bare INVALID_ARGUMENT is none of it."""
    google = [{"error": {"code": status, "message": message, "status": "INVALID_ARGUMENT"}}]
    for body in (google, {"error": {"message": message, "type": "invalid_request_error"}}):
        assert decode_refusal(status, {}, msgspec.json.encode(body)).kind == kind


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (f'{{"type":"error","error":{{"message":"{CLAUDES}"}}}}', "signature"),
        ("no", "invalid"),
        (7, "invalid"),
    ],
)
def test_what_a_gateways_provider_said_counts(words: object, kind: str) -> None:
    for status in (400, 502):
        assert decode_refusal(status, {}, msgspec.json.encode(_provider(words))).kind == kind


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, {"code": "token_revoked", "message": "Sign in again."}),
        (401, {"type": "token_invalidated", "message": "Your token has been invalidated."}),
        (401, {"code": "account_deactivated", "message": "m"}),
        (401, {"message": "Encountered invalidated oauth token: token has been revoked"}),
        (403, {"message": "Your account was deactivated."}),
        (403, {"message": "Access terminated for violations of our usage policies."}),
    ],
)
def test_an_account_that_is_shut_out_for_good_is_told_as_that(status: int, said: dict[str, str]) -> None:
    assert decode_refusal(status, {}, msgspec.json.encode({"error": said})).stop


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, {"code": "invalid_api_key", "message": "Incorrect API key provided."}),
        (400, {"code": "content_policy_violation", "message": "violates our usage policies"}),
        (403, {"message": "Country not supported."}),
        (429, {"code": "insufficient_quota", "message": "Your account is suspended"}),
    ],
)
def test_what_is_no_such_word_of_the_account_is_not(status: int, said: dict[str, str]) -> None:
    assert not decode_refusal(status, {}, msgspec.json.encode({"error": said})).stop


def test_a_signature_that_is_not_there_is_told_from_one_that_does_not_hold() -> None:
    missing = "Function call is missing a thought_signature in functionCall parts."
    assert decode_refusal(400, {}, error(missing).encode()).lacking
    assert not decode_refusal(400, {}, error("Corrupted thought signature.").encode()).lacking
    assert not decode_refusal(500, {}, error(missing).encode()).lacking
