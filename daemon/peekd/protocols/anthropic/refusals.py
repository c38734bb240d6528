"""Anthropic's error bodies, and error objects inside a stream, as refusals.

https://platform.claude.com/docs/en/api/errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from peekd.vocabulary.refusals import Refusal, RefusalKind
from peekd.wire.headers import parse_http_date, retry_after, should_retry

_LONG: Final = 300.0
"""Seconds beyond which a limit is a quota: nobody waits that long for a pace to ease."""

_LONGEST_MESSAGE: Final = 2_000
"""Characters of a body in no known shape that are kept as its message."""

_BY_TYPE: Final[dict[str, RefusalKind]] = {
    "authentication_error": "unauthorized",
    "billing_error": "payment_required",
    "permission_error": "forbidden",
    "not_found_error": "model_not_found",
    "request_too_large": "too_large",
    "rate_limit_error": "rate_limited",
    "overloaded_error": "overloaded",
    "timeout_error": "server_error",
    "api_error": "server_error",
    "invalid_request_error": "invalid",
}

_BY_STATUS: Final[dict[int, RefusalKind]] = {
    400: "invalid",
    401: "unauthorized",
    402: "payment_required",
    403: "forbidden",
    404: "model_not_found",
    405: "invalid",
    408: "server_error",
    409: "server_error",
    413: "too_large",
    415: "invalid",
    422: "invalid",
    429: "rate_limited",
    503: "overloaded",
    529: "overloaded",
}
"""Other 4xx are "invalid", all else "server_error"."""

_ACCOUNTS_OWN: Final = frozenset({"unauthorized", "forbidden"})

_OTHER_4XX: Final = range(400, 500)
_BAD_REQUEST: Final = 400

_TYPE_DECIDES: Final = {"overloaded_error", "rate_limit_error", "authentication_error", "billing_error"}
"""Types that say more than the status they come with (gateways send them with a 500, a 400, a 403)."""

_SIGNATURE: Final = re.compile(
    r"invalid [`'\"]?signature[`'\"]?"
    r"|thinking\.(?:signature|thinking): field required"
    r"|(?:corrupted|invalid|missing|expired) thought[ _]signature"
    r"|(?:must be|expected) [`'](?:thinking|redacted_thinking)['`]"
    r"|each thinking block must contain thinking"
    r"|final block in an assistant message cannot be [`']?thinking"
    r"|final position cannot contain [`']?thinking"
    r"|first block must be [`']?thinking"
    r"|final `?assistant`? (?:message|turn) must start with a thinking block"
    r"|`?thinking`? or `?redacted_thinking`? blocks in the latest assistant message cannot be modified",
    re.IGNORECASE,
)
"""What a 400 says of replayed thoughts that do not hold. Never "thinking block" alone: errors of shape say
that as well."""

_STOPPED: Final = re.compile(
    r"organization has been disabled"
    r"|(?:token|credential|key)s? (?:has|have) been (?:revoked|disabled)"
    r"|account (?:has been|is|was) (?:banned|disabled|suspended|deactivated|terminated)"
    r"|violat(?:ions?|es|ed|ing)\b.{0,80}\b(?:terms|polic(?:y|ies)|agreement)",
    re.IGNORECASE | re.DOTALL,
)
"""How an account is told that it is shut out for good. Of a 400 that is the request's own fault, only the
first phrase says so."""

_DISABLED: Final = "organization has been disabled"

_BROKE: Final = "credit balance is too low"


class _Error(msgspec.Struct):
    type: str | None = None
    message: str | None = None


class _Body(msgspec.Struct):
    error: _Error


_bodies: Final = msgspec.json.Decoder(_Body)


def decode_refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """Read an answer that is not 2xx. Total: a body in another shape is judged by its status."""
    error = _error(body)
    type_, message = error.type or "", error.message or _shown(body)
    pairs = list(headers.items())
    after = _retry_after(pairs)
    kind = _kind(status, type_, message)
    if kind == "rate_limited" and _is_quota(headers, after):
        kind = "quota_exhausted"
    return Refusal(
        kind,
        status,
        message,
        type_,
        retry_after=after,
        should_retry=should_retry(pairs),
        words=body,
        content_type=next((v for k, v in pairs if k.lower() == "content-type"), "application/json"),
        stop=kind in _ACCOUNTS_OWN and _STOPPED.search(message) is not None,
    )


def kind_of_type(type_: str, message: str) -> RefusalKind:
    """Judge an error object inside a stream, which has no status: a type unknown to us is "server_error"."""
    kind = _BY_TYPE.get(type_, "server_error")
    return _kind(_BAD_REQUEST, type_, message) if kind == "invalid" else kind


def _kind(status: int, type_: str, message: str) -> RefusalKind:
    if type_ in _TYPE_DECIDES:
        return _BY_TYPE[type_]
    kind = _BY_STATUS.get(status) or ("invalid" if status in _OTHER_4XX else "server_error")
    if kind != "invalid":
        return kind
    words = message.lower()
    if _BROKE in words:
        return "payment_required"
    if _DISABLED in words:
        return "forbidden"
    return "signature" if status == _BAD_REQUEST and _SIGNATURE.search(message) else "invalid"


def _error(body: bytes) -> _Error:
    try:
        return _bodies.decode(body).error
    except (ValueError, RecursionError):
        return _Error()  # a proxy's page, a bare string, nothing


def _shown(body: bytes) -> str:
    text = body[:_LONGEST_MESSAGE].decode("utf-8", "replace").strip()
    return "" if text.startswith("<") else text


def _retry_after(headers: list[tuple[str, str]]) -> float | None:
    """Give seconds; a date is compared with the answer's own Date, and means nothing without one."""
    sent = parse_http_date(next((value for name, value in headers if name.lower() == "date"), None))
    if sent is None:
        headers = [(name, value) for name, value in headers if not _is_date_to_wait_for(name, value)]
    return retry_after(headers, sent or 0.0)


def _is_date_to_wait_for(name: str, value: str) -> bool:
    return name.lower() == "retry-after" and parse_http_date(value) is not None


def _is_quota(headers: Mapping[str, str], after: float | None) -> bool:
    """Tell a spent share from a pace: a long wait, or a subscription's window that says it is used up."""
    said: dict[str, Any] = {name.lower(): value for name, value in headers.items()}
    windows = (said.get(f"anthropic-ratelimit-unified-{name}status") for name in ("", "5h-", "7d-"))
    return (after is not None and after > _LONG) or "rejected" in windows
