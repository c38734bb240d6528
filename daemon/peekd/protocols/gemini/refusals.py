"""Google's error bodies, and errors inside a stream, as refusals.

https://google.aip.dev/193 (the body), https://ai.google.dev/gemini-api/docs/troubleshooting (the codes).
Rows are read from the most telling to the least: a reason, a phrase, then the bare code.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from peekd.vocabulary.refusals import Refusal, RefusalKind
from peekd.wire.durations import parse_duration
from peekd.wire.headers import parse_http_date, retry_after, value_of

_LONG: Final = 300.0
"""Seconds beyond which a limit is a quota: nobody waits that long for a pace to ease."""

_BY_REASON: Final[dict[str, RefusalKind]] = {
    "API_KEY_INVALID": "unauthorized",
    "API_KEY_EXPIRED": "unauthorized",
    "ACCESS_TOKEN_EXPIRED": "unauthorized",
    "CREDENTIALS_MISSING": "unauthorized",
    "QUOTA_EXHAUSTED": "quota_exhausted",
    "RATE_LIMIT_EXCEEDED": "rate_limited",
    "MODEL_CAPACITY_EXHAUSTED": "overloaded",
    "INSUFFICIENT_G1_CREDITS_BALANCE": "payment_required",
    "BILLING_DISABLED": "payment_required",
    "VALIDATION_REQUIRED": "validation_required",
    "CONSUMER_SUSPENDED": "forbidden",
    "TOS_VIOLATION": "forbidden",
    "ACCESS_TOKEN_REVOKED": "unauthorized",
}

_STOPPED_REASONS: Final = frozenset({"CONSUMER_SUSPENDED", "TOS_VIOLATION", "ACCESS_TOKEN_REVOKED"})
"""Reasons of an account that is shut out for good."""

_STOPPED: Final = re.compile(
    r"has been (?:suspended|banned|revoked|terminated)"
    r"|reported as leaked"
    r"|disabled in this account for violation"
    r"|violat(?:ions?|es|ed|ing)\b.{0,80}\b(?:terms|polic(?:y|ies)|agreement)",
    re.IGNORECASE | re.DOTALL,
)
"""How the same is said without a reason. Only what is the account's own is read for it."""

_ACCOUNTS_OWN: Final = frozenset({"unauthorized", "forbidden"})

_BY_PHRASE: Final[tuple[tuple[int, str, RefusalKind], ...]] = (
    (400, "api key not valid", "unauthorized"),
    (400, "api key expired", "unauthorized"),
    (400, "api_key_invalid", "unauthorized"),
    (400, "thought_signature", "signature"),
    (400, "thoughtsignature", "signature"),
    (400, "thought signature", "signature"),
    (400, "invalid `signature`", "signature"),  # a Claude behind a Google endpoint
    (400, "`thinking` or `redacted_thinking`", "signature"),
    (400, "location is not supported", "forbidden"),
    (400, "enable billing", "payment_required"),
    (400, "billing account", "payment_required"),
    (429, "limit: 0", "quota_exhausted"),
    (429, "prepayment credits are depleted", "payment_required"),
)
"""Code, words of the message in lower case, kind."""

_LACKING: Final = "is missing a thought_signature"
"""How a call without its signature is refused: https://ai.google.dev/gemini-api/docs/thought-signatures."""

_BY_STATUS: Final[dict[str, int]] = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""The code each status word stands for, where an error comes without one."""

_BY_CODE: Final[dict[int, RefusalKind]] = {
    401: "unauthorized",
    402: "payment_required",
    403: "forbidden",
    404: "model_not_found",
    408: "server_error",
    413: "too_large",
    429: "rate_limited",
    499: "overloaded",
    503: "overloaded",
    529: "overloaded",
}
"""Any other 4xx is the request's own fault, anything else the server's."""

_OWN_FAULT: Final = range(400, 500)

_PHRASE_DELAY: Final = re.compile(
    r"(?:retry in|retry after|reset after)\s+((?:\d+(?:\.\d+)?\s?(?:ms|s|m|h))+)", re.IGNORECASE
)
_DAILY: Final = re.compile(r"per_?day|daily", re.IGNORECASE)
_VALIDATION_URLS: Final = ("validation_url", "validationUrl", "validation_link", "validationLink")
_OF_A_MODEL: Final = frozenset({"model_not_found"})
_LIMITS: Final = frozenset({"rate_limited", "quota_exhausted", "overloaded"})


class _Span(msgspec.Struct):
    seconds: float | str = 0
    nanos: float = 0


class _Violation(msgspec.Struct, rename="camel"):
    quota_id: str = ""
    quota_dimensions: dict[str, Any] = {}


class _Link(msgspec.Struct):
    url: str = ""


class _Detail(msgspec.Struct, rename="camel"):
    """Any of Google's details, told apart by what is set, not by its place in the list."""

    reason: str = ""
    metadata: dict[str, Any] = {}
    retry_delay: str | _Span | None = None
    violations: list[_Violation] = []
    links: list[_Link] = []


class _Error(msgspec.Struct):
    code: int | str | None = None
    message: str | None = None
    status: str | None = None
    details: list[msgspec.Raw] | None = None


class _Body(msgspec.Struct):
    error: msgspec.Raw


_UNREADABLE: Final = (ValueError, RecursionError)  # bad UTF-8 is none of msgspec's own errors

_bodies: Final = msgspec.json.Decoder(_Body)
_lists: Final = msgspec.json.Decoder(list[_Body])
_errors: Final = msgspec.json.Decoder(_Error)
_details: Final = msgspec.json.Decoder(_Detail)


def decode_refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """Read an answer that is not 2xx; what is not Google's JSON is judged by the status alone."""
    error = _read(_unwrap(body))
    refusal = _judge(error, status)
    return msgspec.structs.replace(
        refusal,
        message=refusal.message or f"HTTP {status} without one of Google's error bodies",
        retry_after=refusal.retry_after if refusal.retry_after is not None else _header_delay(headers),
        words=body,
        content_type=headers.get("content-type", "application/json"),
    )


def decode_error(error: bytes) -> Refusal:
    """Read the error object of a stream: JSON of what stands under `error`, whatever its shape."""
    read = _read(error)
    code = _code(read)
    refusal = _judge(read, code)
    return msgspec.structs.replace(refusal, message=refusal.message or "an error without a message")


def _header_delay(headers: Mapping[str, str]) -> float | None:
    """Give Retry-After's seconds; one that is a date is counted from the answer's own Date."""
    pairs = tuple(headers.items())
    sent = parse_http_date(value_of(pairs, "date"))
    return retry_after(pairs, math.inf if sent is None else sent) or None


def _unwrap(body: bytes) -> bytes:
    """Give what stands under `error`, also where the body is a list of one; b"" if nothing does."""
    bare = body.strip()
    try:
        if bare.startswith(b"["):
            found = _lists.decode(bare)
            return bytes(found[0].error) if found else b""
        return bytes(_bodies.decode(bare).error)
    except _UNREADABLE:
        return b""


def _read(error: bytes) -> _Error:
    try:
        return _errors.decode(error)
    except _UNREADABLE:
        return _Error(message=_text(error))


def _text(error: bytes) -> str:
    """Give the words of an error that is a mere string."""
    try:
        return msgspec.json.decode(error, type=str)
    except _UNREADABLE:
        return ""


def _code(error: _Error) -> int:
    code = str(error.code if error.code is not None else "")
    return int(code) if code.isascii() and code.isdecimal() else _BY_STATUS.get(error.status or "", 500)


def _judge(error: _Error, status: int) -> Refusal:
    details = [detail for raw in error.details or () if (detail := _detail(raw)) is not None]
    message = error.message or ""
    delay = _delay(details, message)
    kind = _kind(details, message, status)
    if kind == "rate_limited" and ((delay or 0) > _LONG or _is_daily(details)):
        kind = "quota_exhausted"
    return Refusal(
        kind,
        status,
        message,
        next((detail.reason for detail in details if detail.reason), error.status or ""),
        retry_after=delay,
        scope="model" if kind in _OF_A_MODEL or (kind in _LIMITS and _names_model(details)) else "account",
        url=_url(details) if kind == "validation_required" else "",
        stop=kind in _ACCOUNTS_OWN and _is_stopped(details, message),
        lacking=kind == "signature" and _LACKING in message.lower(),
    )


def _is_stopped(details: list[_Detail], message: str) -> bool:
    reasons = {detail.reason for detail in details}
    return bool(reasons & _STOPPED_REASONS) or _STOPPED.search(message) is not None


def _detail(raw: msgspec.Raw) -> _Detail | None:
    """Read one detail; one of another shape tells nothing."""
    try:
        return _details.decode(raw)
    except _UNREADABLE:
        return None


def _kind(details: list[_Detail], message: str, status: int) -> RefusalKind:
    for detail in details:
        if detail.reason in _BY_REASON:
            return _BY_REASON[detail.reason]
    words = message.lower()
    for code, phrase, kind in _BY_PHRASE:
        if code == status and phrase in words:
            return kind
    if status in _BY_CODE:
        return _BY_CODE[status]
    return "invalid" if status in _OWN_FAULT else "server_error"


def _delay(details: list[_Detail], message: str) -> float | None:
    """Give the seconds to wait: RetryInfo's, else the quota's own, else those in the message."""
    for detail in details:
        seconds = _seconds(detail.retry_delay)
        if seconds is not None:
            return seconds
    for detail in details:
        delay = detail.metadata.get("quotaResetDelay")
        seconds = _seconds(delay) if isinstance(delay, str) else None
        if seconds is not None:
            return seconds
    found = _PHRASE_DELAY.search(message)
    return parse_duration(found[1].replace(" ", "")) if found else None


def _seconds(delay: str | _Span | None) -> float | None:
    if isinstance(delay, _Span):
        try:
            return float(delay.seconds) + delay.nanos / 1e9
        except ValueError:
            return None
    return parse_duration(delay) if delay else None


def _is_daily(details: list[_Detail]) -> bool:
    return any(_DAILY.search(violation.quota_id) for detail in details for violation in detail.violations)


def _names_model(details: list[_Detail]) -> bool:
    named = any("model" in detail.metadata for detail in details)
    return named or any("model" in row.quota_dimensions for detail in details for row in detail.violations)


def _url(details: list[_Detail]) -> str:
    given = [detail.metadata.get(key) for detail in details for key in _VALIDATION_URLS]
    named = [url for url in given if isinstance(url, str)]
    linked = [link.url for detail in details for link in detail.links if link.url]
    return next(iter([*named, *linked]), "")
