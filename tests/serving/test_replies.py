from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.serving.replies import encode_fault, encode_models
from peekd.vocabulary.errors import Fault


def test_a_plain_error_names_kind_message_and_request() -> None:
    final = encode_fault(Fault("not_found", "nothing here"), "req_1", None)
    assert final.status == 404
    assert msgspec.json.decode(final.body) == {
        "error": {"type": "not_found", "message": "nothing here", "request_id": "req_1"}
    }


def test_what_a_fault_asks_of_the_client_stands_in_headers() -> None:
    fault = Fault("method_not_allowed", "no", retry_after=3, should_retry=False, allow="GET", status=418)
    final = encode_fault(fault, "req_1", None)
    assert final.status == 418
    assert {("x-should-retry", "false"), ("retry-after", "3"), ("allow", "GET")} <= set(final.headers)


def test_what_would_be_taken_is_told_with_a_415() -> None:
    final = encode_fault(Fault("invalid_request", "no", status=415), "req_1", None)
    assert ("accept-encoding", "identity") in final.headers


@pytest.mark.parametrize("headers", [{}, {"anthropic-version": "1"}, {"x-goog-api-key": "k"}])
def test_no_models_is_an_empty_list_in_every_shape(headers: dict[str, str]) -> None:
    told = msgspec.json.decode(encode_models([], headers).body, type=dict[str, Any])
    assert told.get("data", told.get("models")) == []
