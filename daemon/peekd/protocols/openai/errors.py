"""What a client is told of a fault, in OpenAI's words: the body, and what each kind is called.

https://platform.openai.com/docs/guides/error-codes
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from peekd.protocols.interface import ErrorReply
from peekd.vocabulary.errors import ErrorKind, Fault

WORDS: Final[dict[ErrorKind, tuple[int, str, str | None]]] = {
    "invalid_request": (400, "invalid_request_error", None),
    "authentication": (401, "invalid_request_error", "invalid_api_key"),
    "permission": (403, "permission_error", "permission_denied"),
    "not_found": (404, "invalid_request_error", "model_not_found"),
    "method_not_allowed": (405, "invalid_request_error", "method_not_allowed"),
    "too_large": (413, "invalid_request_error", "request_too_large"),
    "rate_limit": (429, "requests", "rate_limit_exceeded"),
    "overloaded": (503, "server_error", "overloaded"),
    "internal": (500, "server_error", None),
}
"""Status, type and code of each kind."""


def encode_error(fault: Fault, request_id: str) -> ErrorReply:
    """Give status, headers and body for an error before the stream began."""
    status, _, _ = WORDS[fault.kind]
    headers = [("content-type", fault.content_type if fault.words else "application/json")]
    if fault.retry_after is not None:
        headers.append(("retry-after", str(fault.retry_after)))
    if fault.should_retry is not None:
        headers.append(("x-should-retry", "true" if fault.should_retry else "false"))
    if fault.allow:
        headers.append(("allow", fault.allow))
    body = fault.words or msgspec.json.encode(error_body(fault, request_id))
    return ErrorReply(fault.status or status, tuple(headers), body)


def error_body(fault: Fault, request_id: str) -> dict[str, Any]:
    """Give the envelope that every error of this API stands in."""
    _, type_, code = WORDS[fault.kind]
    error = {"message": fault.message, "type": type_, "param": None, "code": code}
    return {"error": error, "request_id": request_id}
