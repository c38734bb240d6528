"""A fault in OpenAI's words: status, shape, headers."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from peekd.protocols.openai.errors import encode_error
from peekd.vocabulary.errors import ErrorKind, Fault

STATUSES = {
    "invalid_request": 400,
    "authentication": 401,
    "permission": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "too_large": 413,
    "rate_limit": 429,
    "overloaded": 503,
    "internal": 500,
}


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_every_kind_has_a_status_and_the_four_fields(kind: ErrorKind) -> None:
    reply = encode_error(Fault(kind, "why"), "req_1")
    assert reply.status == STATUSES[kind]
    said = msgspec.json.decode(reply.body)
    assert said["error"].keys() == {"message", "type", "param", "code"}
    assert (said["error"]["message"], said["request_id"]) == ("why", "req_1")


def test_what_clients_act_on_stands_in_headers() -> None:
    fault = Fault("method_not_allowed", "no", retry_after=7, should_retry=False, allow="POST")
    headers = dict(encode_error(fault, "req_1").headers)
    assert headers == {
        "content-type": "application/json",
        "retry-after": "7",
        "x-should-retry": "false",
        "allow": "POST",
    }


def test_an_upstreams_own_words_and_status_go_out_as_they_came() -> None:
    fault = Fault("invalid_request", "m", status=422, words=b"theirs", content_type="text/plain")
    reply = encode_error(fault, "req_1")
    assert (reply.status, reply.body, dict(reply.headers)["content-type"]) == (422, b"theirs", "text/plain")
