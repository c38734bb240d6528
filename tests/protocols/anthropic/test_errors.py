"""What a client is told: statuses, types, headers, and the frame inside a stream."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from peekd.protocols.anthropic.errors import encode_error, encode_stream_error
from peekd.vocabulary.errors import ErrorKind, Fault


@pytest.mark.parametrize(
    ("kind", "status", "type_"),
    [
        ("invalid_request", 400, "invalid_request_error"),
        ("authentication", 401, "authentication_error"),
        ("permission", 403, "permission_error"),
        ("not_found", 404, "not_found_error"),
        ("method_not_allowed", 405, "invalid_request_error"),
        ("too_large", 413, "request_too_large"),
        ("rate_limit", 429, "rate_limit_error"),
        ("overloaded", 503, "overloaded_error"),
        ("internal", 500, "api_error"),
    ],
)
def test_each_kind(kind: ErrorKind, status: int, type_: str) -> None:
    reply = encode_error(Fault(kind, "why"), "req_1")
    assert reply.status == status
    assert dict(reply.headers) == {"content-type": "application/json"}
    assert json.loads(reply.body) == {
        "type": "error",
        "error": {"type": type_, "message": "why"},
        "request_id": "req_1",
    }


def test_every_kind_has_words() -> None:
    assert all(encode_error(Fault(kind, ""), "").status >= 400 for kind in get_args(ErrorKind))


def test_headers_of_a_fault() -> None:
    fault = Fault("rate_limit", "", retry_after=400, should_retry=False)
    headers = dict(encode_error(fault, "").headers)
    assert headers["retry-after"] == "400"
    assert headers["x-should-retry"] == "false"
    assert dict(encode_error(Fault("method_not_allowed", "", allow="POST"), "").headers)["allow"] == "POST"
    assert (
        dict(encode_error(Fault("internal", "", should_retry=True), "").headers)["x-should-retry"] == "true"
    )


def test_the_upstreams_own_words_pass_unchanged() -> None:
    fault = Fault("invalid_request", "x", status=422, words=b"<html>", content_type="text/html")
    reply = encode_error(fault, "req_1")
    assert (reply.status, reply.body) == (422, b"<html>")
    assert dict(reply.headers)["content-type"] == "text/html"


def test_inside_a_stream() -> None:
    frame = encode_stream_error(Fault("overloaded", 'a "b"\n'), "req_1")
    name, data, *rest = frame.decode().split("\n")
    assert (name, rest) == ("event: error", ["", ""])
    said = json.loads(data.removeprefix("data: "))
    assert said["error"] == {"type": "overloaded_error", "message": 'a "b"\n'}
