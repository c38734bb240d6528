"""What a client is told of a fault, in Anthropic's words: before the stream and inside it.

https://platform.claude.com/docs/en/api/errors
"""

from __future__ import annotations

from typing import Final

import msgspec

from peekd.protocols.interface import ErrorReply
from peekd.vocabulary.errors import ErrorKind, Fault

_WORDS: Final[dict[ErrorKind, tuple[int, str]]] = {
    "invalid_request": (400, "invalid_request_error"),
    "authentication": (401, "authentication_error"),
    "permission": (403, "permission_error"),
    "not_found": (404, "not_found_error"),
    "method_not_allowed": (405, "invalid_request_error"),
    "too_large": (413, "request_too_large"),
    "rate_limit": (429, "rate_limit_error"),
    "overloaded": (503, "overloaded_error"),
    "internal": (500, "api_error"),
}


def encode_error(fault: Fault, request_id: str) -> ErrorReply:
    """Give status, headers and body for an error before the stream began."""
    status, _ = _WORDS[fault.kind]
    headers = [("content-type", fault.content_type if fault.words else "application/json")]
    if fault.retry_after is not None:
        headers.append(("retry-after", str(fault.retry_after)))
    if fault.should_retry is not None:
        headers.append(("x-should-retry", "true" if fault.should_retry else "false"))
    if fault.allow:
        headers.append(("allow", fault.allow))
    body = fault.words or _body(fault, request_id)
    return ErrorReply(fault.status or status, tuple(headers), body)


def encode_stream_error(fault: Fault, request_id: str) -> bytes:
    """Give the frame that ends a begun stream; the SDKs raise on it, and only with its `event:` line."""
    return b"event: error\ndata: %b\n\n" % _body(fault, request_id)


def _body(fault: Fault, request_id: str) -> bytes:
    _, type_ = _WORDS[fault.kind]
    error = {"type": type_, "message": fault.message}
    return msgspec.json.encode({"type": "error", "error": error, "request_id": request_id})
