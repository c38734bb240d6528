"""What a client is told of a fault, in Google's words: before the stream and inside it.

https://google.aip.dev/193. Google's clients do not read Retry-After; they read RetryInfo. No QuotaFailure
goes out: gemini-cli gives up on one for good, and the quota is one of many accounts'.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from peekd.protocols.interface import ErrorReply
from peekd.vocabulary.errors import ErrorKind, Fault

_WORDS: Final[dict[ErrorKind, tuple[int, str]]] = {
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

_RETRY_INFO: Final = "type.googleapis.com/google.rpc.RetryInfo"
_QUOTA_FAILURE: Final = b"google.rpc.QuotaFailure"


def encode_error(fault: Fault) -> ErrorReply:
    """Give status, headers and body for an error before the stream began."""
    status = fault.status or _WORDS[fault.kind][0]
    words = b"" if _QUOTA_FAILURE in fault.words else fault.words
    headers = [("content-type", fault.content_type if words else "application/json; charset=UTF-8")]
    if fault.retry_after is not None:
        headers.append(("retry-after", str(fault.retry_after)))
    if fault.should_retry is not None:
        headers.append(("x-should-retry", "true" if fault.should_retry else "false"))
    if fault.allow:
        headers.append(("allow", fault.allow))
    return ErrorReply(status, tuple(headers), words or _body(fault, status))


def encode_stream_error(fault: Fault) -> bytes:
    """Give the frame that ends a begun stream; the SDKs raise on it, gemini-cli asks again."""
    return b"data: %b\r\n\r\n" % _body(fault, fault.status or _WORDS[fault.kind][0])


def _body(fault: Fault, status: int) -> bytes:
    error: dict[str, Any] = {"code": status, "message": fault.message, "status": _WORDS[fault.kind][1]}
    if fault.retry_after is not None:
        error["details"] = [{"@type": _RETRY_INFO, "retryDelay": f"{fault.retry_after}s"}]
    return msgspec.json.encode({"error": error})
