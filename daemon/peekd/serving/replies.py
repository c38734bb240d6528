"""Answers that peekd writes itself: errors in the caller's shape, lists of models, admin JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from peekd.protocols.interface import ClientProtocol
from peekd.relay.delivery import Final
from peekd.vocabulary.errors import ErrorKind, Fault

JSON = (("content-type", "application/json"),)

_UNSUPPORTED = 415

_STATUS: Mapping[ErrorKind, int] = {
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


def encode_json(value: object, status: int = 200) -> Final:
    """Write a value as a JSON answer."""
    return Final(status, JSON, msgspec.json.encode(value))


def encode_fault(fault: Fault, request_id: str, protocol: ClientProtocol | None) -> Final:
    """Write an error as the caller's protocol words it, as plain JSON where it speaks none of ours.

    Status 405 carries Allow, and a fault's `retry_after` and `should_retry` their headers, in every shape.
    """
    if protocol is None:
        told = {"type": fault.kind, "message": fault.message, "request_id": request_id}
        reply = encode_json({"error": told}, fault.status or _STATUS[fault.kind])
    else:
        error = protocol.encode_error(fault, request_id)
        reply = Final(error.status, error.headers, error.body)
    present = {name.lower() for name, _ in reply.headers}
    extra = tuple(header for header in _headers(fault) if header[0] not in present)
    return Final(reply.status, reply.headers + extra, reply.body)


def _headers(fault: Fault) -> tuple[tuple[str, str], ...]:
    headers: list[tuple[str, str]] = []
    if fault.should_retry is not None:
        headers.append(("x-should-retry", str(fault.should_retry).lower()))
    if fault.retry_after is not None:
        headers.append(("retry-after", str(fault.retry_after)))
    if fault.allow:
        headers.append(("allow", fault.allow))
    if fault.status == _UNSUPPORTED:  # RFC 9110 section 12.5.3: say which would be taken
        headers.append(("accept-encoding", "identity"))
    return tuple(headers)


# ---- lists of models --------------------------------------------------------------------------------

_SINCE = "2026-01-01T00:00:00Z"  # a date that every shape must name, and that no route can tell
_SINCE_SECONDS = 1_767_225_600


def encode_models(ids: Sequence[str], headers: Mapping[str, str], protocol: str = "") -> Final:
    """Write the list of models as `protocol` has it, else in the shape the caller's headers ask for."""
    shape = protocol or _shape(headers)
    entries = [_ENTRIES[shape](name) for name in ids]
    match shape:
        case "gemini":
            return encode_json({"models": entries})
        case "anthropic":
            first, last = (ids[0], ids[-1]) if ids else (None, None)
            return encode_json({"data": entries, "has_more": False, "first_id": first, "last_id": last})
        case _:
            return encode_json({"object": "list", "data": entries})


def encode_model(name: str, headers: Mapping[str, str], protocol: str = "") -> Final:
    """Write one model as `protocol` has it, else in the shape the caller's headers ask for."""
    return encode_json(_ENTRIES[protocol or _shape(headers)](name))


def _shape(headers: Mapping[str, str]) -> str:
    """Tell apart the callers of one path: Google's send x-goog-* headers, Anthropic's a version."""
    if any(name.startswith("x-goog-") for name in headers):
        return "gemini"
    return "anthropic" if "anthropic-version" in headers else "openai"


def _anthropic_entry(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": _SINCE}


def _gemini_entry(name: str) -> dict[str, Any]:
    methods = ["generateContent", "streamGenerateContent", "countTokens"]
    return {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": methods}


def _openai_entry(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _SINCE_SECONDS, "owned_by": "peekd"}


_ENTRIES = {"anthropic": _anthropic_entry, "gemini": _gemini_entry, "openai": _openai_entry}
