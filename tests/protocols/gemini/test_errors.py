"""Faults in Google's words."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from peekd.protocols.gemini.errors import encode_error, encode_stream_error
from peekd.protocols.gemini.refusals import decode_refusal
from peekd.vocabulary.errors import ErrorKind, Fault

STATUS: dict[ErrorKind, tuple[int, str]] = {
    "invalid_request": (400, "INVALID_ARGUMENT"),
    "authentication": (401, "UNAUTHENTICATED"),
    "permission": (403, "PERMISSION_DENIED"),
    "not_found": (404, "NOT_FOUND"),
    "method_not_allowed": (405, "UNIMPLEMENTED"),
    "too_large": (413, "INVALID_ARGUMENT"),
    "rate_limit": (429, "RESOURCE_EXHAUSTED"),
    "overloaded": (503, "UNAVAILABLE"),
    "internal": (500, "INTERNAL"),
}


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_every_kind_has_a_status_and_a_word(kind: ErrorKind) -> None:
    reply = encode_error(Fault(kind, "Sorry."))
    error = msgspec.json.decode(reply.body)["error"]
    assert (reply.status, error["status"]) == STATUS[kind]
    assert error == {"code": reply.status, "message": "Sorry.", "status": error["status"]}
    assert encode_stream_error(Fault(kind, "Sorry.")) == b"data: %b\r\n\r\n" % reply.body


def test_a_wait_is_said_where_googles_clients_look() -> None:
    reply = encode_error(Fault("rate_limit", "Later.", retry_after=12, should_retry=False))
    assert decode_refusal(reply.status, {}, reply.body).retry_after == 12.0
    assert {("retry-after", "12"), ("x-should-retry", "false")} <= set(reply.headers)
    assert b"QuotaFailure" not in reply.body


def test_an_upstreams_words_pass_unless_they_make_clients_give_up_for_good() -> None:
    words = b'{"error":{"code":400,"message":"Bad."}}'
    reply = encode_error(Fault("invalid_request", "m", status=422, words=words, content_type="text/x"))
    assert (reply.status, reply.body) == (422, words)
    assert ("content-type", "text/x") in reply.headers
    quota = b'{"error":{"details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure"}]}}'
    assert b"QuotaFailure" not in encode_error(Fault("not_found", "m", words=quota)).body


def test_what_may_be_done_instead_is_told() -> None:
    assert ("allow", "GET") in encode_error(Fault("method_not_allowed", "m", allow="GET")).headers
