"""Google's error bodies as refusals: each row of the tables, and garbage."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.gemini.refusals import decode_error, decode_refusal

RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.074824224s"}
PER_DAY = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [
        {
            "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
            "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
            "quotaDimensions": {"location": "global", "model": "gemini-2.5-pro"},
            "quotaValue": "50",
        }
    ],
}
HELP = {
    "@type": "type.googleapis.com/google.rpc.Help",
    "links": [{"description": "d", "url": "https://a.example/h"}],
}


def info(reason: str, **metadata: str) -> dict[str, Any]:
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": reason, "domain": "googleapis.com", "metadata": metadata}


def body(code: int, status: str, message: str = "m", *details: dict[str, Any]) -> bytes:
    error = {"code": code, "message": message, "status": status, "details": list(details)}
    return msgspec.json.encode({"error": error})


@pytest.mark.parametrize(
    ("code", "status", "message", "details", "kind"),
    [
        (400, "INVALID_ARGUMENT", "Invalid value at 'contents'", (), "invalid"),
        (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", (), "unauthorized"),
        (400, "INVALID_ARGUMENT", "x", (info("API_KEY_INVALID"),), "unauthorized"),
        (400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.", (), "unauthorized"),
        (400, "INVALID_ARGUMENT", "Corrupted thought signature.", (), "signature"),
        (
            400,
            "INVALID_ARGUMENT",
            "messages.1.content.0: Invalid `signature` in `thinking` block",
            (),
            "signature",
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "Function call is missing a thought_signature in functionCall parts.",
            (),
            "signature",
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "Invalid value at 'contents[1].parts[0].thought_signature' (TYPE_BYTES), Base64 decoding failed",
            (),
            "signature",
        ),
        (400, "FAILED_PRECONDITION", "User location is not supported for the API use.", (), "forbidden"),
        (400, "FAILED_PRECONDITION", "Please enable billing on project 1.", (), "payment_required"),
        (401, "UNAUTHENTICATED", "m", (), "unauthorized"),
        (402, "", "m", (), "payment_required"),
        (403, "PERMISSION_DENIED", "m", (), "forbidden"),
        (403, "PERMISSION_DENIED", "m", (info("BILLING_DISABLED"),), "payment_required"),
        (403, "PERMISSION_DENIED", "m", (info("VALIDATION_REQUIRED"),), "validation_required"),
        (404, "NOT_FOUND", "m", (), "model_not_found"),
        (408, "", "m", (), "server_error"),
        (409, "ABORTED", "m", (), "invalid"),
        (413, "", "m", (), "too_large"),
        (429, "RESOURCE_EXHAUSTED", "m", (), "rate_limited"),
        (429, "RESOURCE_EXHAUSTED", "m", (info("RATE_LIMIT_EXCEEDED"), RETRY), "rate_limited"),
        (429, "RESOURCE_EXHAUSTED", "m", (RETRY, PER_DAY), "quota_exhausted"),
        (429, "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 0, model: x", (), "quota_exhausted"),
        (429, "RESOURCE_EXHAUSTED", "m", (info("QUOTA_EXHAUSTED"),), "quota_exhausted"),
        (429, "RESOURCE_EXHAUSTED", "m", (info("MODEL_CAPACITY_EXHAUSTED"),), "overloaded"),
        (429, "RESOURCE_EXHAUSTED", "m", (RETRY | {"retryDelay": "301s"},), "quota_exhausted"),
        (429, "RESOURCE_EXHAUSTED", "m", (RETRY | {"retryDelay": "300s"},), "rate_limited"),
        (499, "CANCELLED", "m", (), "overloaded"),
        (500, "INTERNAL", "m", (), "server_error"),
        (502, "", "m", (), "server_error"),
        (503, "UNAVAILABLE", "m", (), "overloaded"),
        (504, "DEADLINE_EXCEEDED", "m", (), "server_error"),
        (529, "", "m", (), "overloaded"),
    ],
)
def test_each_answer_has_its_kind_as_a_status_and_inside_a_stream(
    code: int, status: str, message: str, details: tuple[dict[str, Any], ...], kind: str
) -> None:
    wire = body(code, status, message, *details)
    assert decode_refusal(code, {}, wire).kind == kind
    assert decode_refusal(code, {}, b" [" + wire + b"]\n").kind == kind
    assert decode_error(bytes(msgspec.json.decode(wire, type=dict[str, msgspec.Raw])["error"])).kind == kind


def test_details_are_read_in_any_order() -> None:
    details = [info("RATE_LIMIT_EXCEEDED", quotaResetDelay="510.790006ms"), RETRY, HELP]
    for order in permutations(details):
        refusal = decode_refusal(429, {}, body(429, "RESOURCE_EXHAUSTED", "m", *order))
        assert (refusal.kind, refusal.type) == ("rate_limited", "RATE_LIMIT_EXCEEDED")
        assert refusal.retry_after == pytest.approx(34.074824224)


@pytest.mark.parametrize(
    ("message", "details", "seconds"),
    [
        ("m", (RETRY | {"retryDelay": "900ms"},), 0.9),
        ("m", (RETRY | {"retryDelay": {"seconds": "12", "nanos": 500_000_000}},), 12.5),
        ("m", (RETRY | {"retryDelay": "soon"}, info("X", quotaResetDelay="1m2.5s")), 62.5),
        ("Please retry in 34.07s.", (), 34.07),
        ("Your quota will reset after 2m3s.", (), 123),
        ("m", (), None),
        ("m", (RETRY | {"retryDelay": {"seconds": "x"}},), None),
    ],
)
def test_the_wait_is_found_wherever_google_puts_it(
    message: str, details: tuple[dict[str, Any], ...], seconds: float | None
) -> None:
    refusal = decode_refusal(429, {}, body(429, "RESOURCE_EXHAUSTED", message, *details))
    assert refusal.retry_after == (None if seconds is None else pytest.approx(seconds))


def test_the_header_tells_the_wait_where_the_body_does_not() -> None:
    assert decode_refusal(503, {"retry-after": "7"}, b"busy").retry_after == 7
    assert decode_refusal(429, {"retry-after": "7"}, body(429, "", "m", RETRY)).retry_after == pytest.approx(
        34, 0.01
    )


def test_a_date_in_the_header_is_counted_from_the_answers_own() -> None:
    date = {"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}
    assert decode_refusal(503, date | {"date": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"").retry_after == 30
    assert decode_refusal(503, date, b"").retry_after is None


def test_a_limit_that_names_a_model_holds_for_that_model() -> None:
    assert decode_refusal(429, {}, body(429, "", "m", PER_DAY)).scope == "model"
    assert decode_refusal(429, {}, body(429, "", "m", info("QUOTA_EXHAUSTED", model="x"))).scope == "model"
    assert decode_refusal(404, {}, body(404, "NOT_FOUND")).scope == "model"
    assert decode_refusal(429, {}, body(429, "", "m", RETRY)).scope == "account"
    assert decode_refusal(403, {}, body(403, "", "m", info("X", model="x"))).scope == "account"


def test_a_person_is_sent_to_where_they_can_confirm() -> None:
    named = info("VALIDATION_REQUIRED", validation_url="https://a.example/v")
    assert decode_refusal(403, {}, body(403, "", "m", HELP, named)).url == "https://a.example/v"
    assert (
        decode_refusal(403, {}, body(403, "", "m", info("VALIDATION_REQUIRED"), HELP)).url
        == "https://a.example/h"
    )
    assert decode_refusal(403, {}, body(403, "", "m", HELP)).url == ""


def test_the_words_go_on_as_they_came() -> None:
    wire = body(400, "INVALID_ARGUMENT", "Invalid")
    refusal = decode_refusal(400, {"content-type": "application/json; charset=UTF-8"}, wire)
    assert (refusal.status, refusal.message, refusal.type) == (400, "Invalid", "INVALID_ARGUMENT")
    assert (refusal.words, refusal.content_type) == (wire, "application/json; charset=UTF-8")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, "model_not_found"), (413, "too_large"), (502, "server_error"), (503, "overloaded")],
)
@pytest.mark.parametrize(
    "page", [b"<html><title>Error</title></html>", b"", b"\xff\xfe", b"[]", b'{"error": 7}']
)
def test_what_is_not_googles_json_is_judged_by_the_status(status: int, kind: str, page: bytes) -> None:
    refusal = decode_refusal(status, {}, page)
    assert (refusal.kind, refusal.status, refusal.words) == (kind, status, page)
    assert refusal.message


def test_an_error_in_a_stream_is_told_by_its_status_word_where_it_has_no_code() -> None:
    assert decode_error(b'{"status":"RESOURCE_EXHAUSTED","message":"m"}').kind == "rate_limited"
    assert decode_error(b'{"code":"503"}').kind == "overloaded"
    assert decode_error(b'"words only"').message == "words only"


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([
                "code",
                "message",
                "status",
                "details",
                "retryDelay",
                "metadata",
                "violations",
                "links",
            ]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_VALUES, st.sampled_from([400, 403, 429, 500]))
def test_an_error_of_any_shape_is_a_refusal(error: object, status: int) -> None:
    wire = msgspec.json.encode(error)
    assert decode_error(wire).message
    assert decode_refusal(status, {}, b'{"error":' + wire + b"}").status == status


@pytest.mark.parametrize("error", [b'{"message":"caf\xe9"}', b'"caf\xe9"', b"[" * 5000 + b"]" * 5000])
def test_an_error_that_is_no_text_is_judged_by_its_status(error: bytes) -> None:
    refusal = decode_refusal(503, {}, b'{"error":' + error + b"}")
    assert (refusal.kind, refusal.status) == ("overloaded", 503)
    assert decode_error(error).message


@pytest.mark.parametrize(
    ("status", "reason", "message"),
    [
        (403, "CONSUMER_SUSPENDED", "Permission denied"),
        (403, "TOS_VIOLATION", "This service is not available"),
        (401, "ACCESS_TOKEN_REVOKED", "m"),
        (403, "", "Your API key was reported as leaked. Please use another API key."),
        (403, "", "This service has been disabled in this account for violation of Terms of Service."),
        (403, "", "Consumer 'api_key:x' has been suspended."),
    ],
)
def test_an_account_that_is_shut_out_for_good_is_told_as_that(status: int, reason: str, message: str) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]
    error = {"code": status, "message": message, "details": details}
    assert decode_refusal(status, {}, msgspec.json.encode({"error": error})).stop


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, "The caller does not have permission"),
        (400, "The prompt violates our policies"),
        (429, "Your project has been suspended for a minute"),
    ],
)
def test_what_is_no_such_word_of_the_account_is_not(status: int, message: str) -> None:
    error = {"code": status, "message": message}
    assert not decode_refusal(status, {}, msgspec.json.encode({"error": error})).stop


def test_a_signature_that_is_not_there_is_told_from_one_that_does_not_hold() -> None:
    missing = "Function call is missing a thought_signature in functionCall parts."
    assert decode_refusal(400, {}, body(400, "INVALID_ARGUMENT", missing)).lacking
    assert not decode_refusal(400, {}, body(400, "INVALID_ARGUMENT", "Corrupted thought signature.")).lacking
    assert not decode_refusal(500, {}, body(500, "INTERNAL", missing)).lacking
