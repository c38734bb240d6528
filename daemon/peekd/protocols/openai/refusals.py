"""Error bodies of OpenAI and its compatible servers, and error objects inside a stream, as refusals.

https://platform.openai.com/docs/guides/error-codes
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

import msgspec

from peekd.vocabulary.refusals import Refusal, RefusalKind
from peekd.wire.durations import parse_duration
from peekd.wire.headers import parse_http_date, retry_after, should_retry

_LONG: Final = 300.0
"""Seconds beyond which a limit is a quota: nobody waits that long for a pace to ease."""

_LONGEST_MESSAGE: Final = 2_000
"""Characters of a body in no known shape that are kept as its message."""

_BY_WORD: Final[dict[str, RefusalKind]] = {
    "insufficient_quota": "payment_required",
    "billing_hard_limit_reached": "payment_required",
    "billing_not_active": "payment_required",
    "rate_limit_exceeded": "rate_limited",
    "invalid_api_key": "unauthorized",
    "authentication_error": "unauthorized",
    "account_deactivated": "forbidden",
    "organization_deactivated": "forbidden",
    "access_terminated": "forbidden",
    "token_invalidated": "unauthorized",
    "token_revoked": "unauthorized",
    "refresh_token_reused": "unauthorized",
    "model_not_found": "model_not_found",
    "context_length_exceeded": "invalid",
    "exceed_context_size_error": "invalid",
    "content_policy_violation": "invalid",
    "image_content_policy_violation": "invalid",
    "bio_policy": "invalid",
    "cyber_policy": "invalid",
    "misalignment_policy_violation": "invalid",
    "invalid_prompt": "invalid",
    "invalid_image": "invalid",
    "invalid_image_format": "invalid",
    "invalid_image_mode": "invalid",
    "invalid_image_url": "invalid",
    "invalid_base64_image": "invalid",
    "image_too_large": "invalid",
    "image_too_small": "invalid",
    "image_parse_error": "invalid",
    "image_file_too_large": "invalid",
    "image_file_not_found": "invalid",
    "unsupported_image_media_type": "invalid",
    "empty_image_file": "invalid",
    "failed_to_download_image": "invalid",
    "previous_response_not_found": "invalid",
    "invalid_encrypted_content": "signature",
    "usage_limit_reached": "quota_exhausted",
    "usage_not_included": "forbidden",
    "server_is_overloaded": "overloaded",
    "slow_down": "overloaded",
    "engine_overloaded": "overloaded",
    "overloaded_error": "overloaded",
    "unavailable_error": "overloaded",
}
"""Codes, and types, that say more than the status they come with (gateways send a 400 or a 500 with any)."""

_STOPPED_WORDS: Final = frozenset({
    "account_deactivated",
    "organization_deactivated",
    "token_invalidated",
    "token_revoked",
    "refresh_token_reused",
    "access_terminated",
})
"""Codes of an account that is shut out for good."""

_STOPPED: Final = re.compile(
    r"token has been (?:invalidated|revoked)"
    r"|(?:account|organization) (?:has been|is|was) (?:banned|deactivated|disabled|suspended|terminated)"
    r"|violat(?:ions?|es|ed|ing)\b.{0,80}\b(?:terms|usage polic(?:y|ies)|agreement)",
    re.IGNORECASE | re.DOTALL,
)
"""How the same is said without a code. Only a 401 or 403 is read for it."""

_BY_STATUS: Final[dict[int, RefusalKind]] = {
    401: "unauthorized",
    402: "payment_required",
    403: "forbidden",
    404: "model_not_found",
    408: "server_error",
    409: "server_error",
    413: "too_large",
    429: "rate_limited",
    503: "overloaded",
    529: "overloaded",
}
"""Other 4xx are "invalid", all else "server_error"."""

_BY_TYPE: Final[dict[str, int]] = {
    "invalid_request_error": 400,
    "BadRequestError": 400,
    "requests": 429,
    "tokens": 429,
    "rate_limit_error": 429,
}
"""What status a type stands for, where an error has none of its own."""

_SIGNATURE: Final = re.compile(
    r"encrypted content .*could not be (?:verified|decrypted|parsed)"
    r"|of type 'reasoning' was provided without its required following item"
    r"|Item with id 'rs_[^']*' not found"
    # Gemini behind Chat: https://ai.google.dev/gemini-api/docs/thought-signatures#openai
    r"|thought[ _]?signature"
    # the field of those signatures, before servers that take no field that they do not know
    r"|extra_content"
    # Claude behind Chat, as gateways pass its words on
    r"|invalid [`'\"]signature[`'\"]"
    r"|thinking\.(?:signature|thinking): field required"
    r"|(?:must be|expected) [`'](?:thinking|redacted_thinking)[`']"
    r"|final block in an assistant message cannot be [`']?thinking"
    r"|final position cannot contain [`']?thinking"
    r"|first block must be [`']?thinking"
    r"|must start with a thinking block"
    r"|`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified",
    re.DOTALL | re.IGNORECASE,
)
"""What is said of replayed thoughts that another account made, that lost what followed them, that were not
stored, or whose signature is gone or does not hold: all are mended by leaving them out. Never a bare
INVALID_ARGUMENT, nor "signature" alone: a function has one, too."""

_LACKING: Final = "is missing a thought_signature"
"""How a Gemini behind Chat refuses a call without its signature; it says nothing against the others."""

_SIGNATURE_STATUSES: Final = {400, 404, 422}

_ACCOUNTS_OWN: Final = frozenset({"unauthorized", "forbidden"})

_STATUSES: Final = range(400, 600)
_OTHER_4XX: Final = range(400, 500)
_IN_STREAM: Final = 500

_WAIT: Final = re.compile(r"try again in ([0-9][0-9a-z.]*[a-z])")
_PER_DAY: Final = re.compile(r"per day|\((?:RPD|TPD)\)|free-models-per-day")
_FOR_MODEL: Final = "Rate limit reached for "
"""How OpenAI begins when a limit is one model's."""

_RESETS: Final = ("requests", "tokens")


class _Error(msgspec.Struct):
    """`raw`: what a gateway's own upstream said, as far as it passes that on."""

    message: str = ""
    type: str = ""
    code: str = ""
    status: int | None = None
    raw: str = ""


def decode_refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """Read an answer that is not 2xx. Total: a body in another shape is judged by its status.

    An error under a 5xx that names a status of its own (gateways tell one so) is judged by that.
    """
    error = _error(body)
    judged = error.status if status >= _IN_STREAM and error.status is not None else status
    pairs = list(headers.items())
    after = _retry_after(pairs, error.message)
    kind = _kind(judged, error)
    if kind == "rate_limited" and ((after or 0.0) > _LONG or _PER_DAY.search(error.message)):
        kind = "quota_exhausted"
    return Refusal(
        kind,
        status,
        error.message,
        error.code or error.type,
        retry_after=after,
        should_retry=should_retry(pairs),
        scope="model" if error.message.startswith(_FOR_MODEL) else "account",
        words=body,
        content_type=next((v for k, v in pairs if k.lower() == "content-type"), "application/json"),
        stop=kind in _ACCOUNTS_OWN and _is_stopped(error),
        lacking=kind == "signature" and _LACKING in f"{error.message} {error.raw}".lower(),
    )


def decode_error(error: bytes) -> Refusal:
    """Read an error object inside a stream, which has no status but what it may say itself."""
    body = error if error.lstrip().startswith(b'{"error"') else b'{"error":%b}' % error
    found = _error(body)
    return decode_refusal(found.status or _BY_TYPE.get(found.type, _IN_STREAM), {}, body)


def _is_stopped(error: _Error) -> bool:
    named = error.code in _STOPPED_WORDS or error.type in _STOPPED_WORDS
    return named or _STOPPED.search(error.message) is not None


def _kind(status: int, error: _Error) -> RefusalKind:
    for word in (error.code, error.type):
        if word in _BY_WORD:
            return _BY_WORD[word]
    if status in _SIGNATURE_STATUSES and _SIGNATURE.search(f"{error.message} {error.raw}"):
        return "signature"
    return _BY_STATUS.get(status) or ("invalid" if status in _OTHER_4XX else "server_error")


def _error(body: bytes) -> _Error:
    """Find what is said: `error` as an object or a string, in a list (Google), or no envelope (vLLM)."""
    try:
        said: Any = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return _Error(_shown(body))  # a proxy's page, a bare string, nothing
    if _is_list(said) and said:
        said = said[0]
    inner = said.get("error", said) if _is_object(said) else said
    if not _is_object(inner):
        return _Error(inner if isinstance(inner, str) else _shown(body))
    words = inner.get("message") or inner.get("detail") or inner.get("error")
    code = inner.get("code")
    return _Error(
        words if isinstance(words, str) else _shown(body),
        _string(inner.get("type")),
        _string(code),
        _status(code),
        _raw(inner.get("metadata")),
    )


def _raw(metadata: object) -> str:
    """Give the words of the provider: https://openrouter.ai/docs/api-reference/errors."""
    return _string(metadata.get("raw")) if _is_object(metadata) else ""


def _status(code: object) -> int | None:
    """Give a code that is an HTTP status (OpenRouter, llama.cpp, vLLM)."""
    number = int(code) if isinstance(code, str) and code.isdecimal() else code
    return number if isinstance(number, int) and number in _STATUSES else None


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _shown(body: bytes) -> str:
    text = body[:_LONGEST_MESSAGE].decode("utf-8", "replace").strip()
    return "" if text.startswith("<") else text


# ---- when to come back ------------------------------------------------------------------------------


def _retry_after(pairs: list[tuple[str, str]], message: str) -> float | None:
    """Give seconds: as the headers ask, else when what is used up is reset, else as the message says.

    A date is compared with the answer's own Date, and means nothing without one.
    """
    named = {name.lower(): value for name, value in pairs}
    sent = parse_http_date(named.get("date"))
    if sent is None and parse_http_date(named.get("retry-after")) is not None:
        pairs = [pair for pair in pairs if pair[0].lower() != "retry-after"]
    asked = retry_after(pairs, sent or 0.0)
    if asked is not None:
        return asked
    used_up = [
        parse_duration(named.get(f"x-ratelimit-reset-{what}", ""))
        for what in _RESETS
        if named.get(f"x-ratelimit-remaining-{what}", "").strip() == "0"
    ]
    waits = [wait for wait in used_up if wait is not None]
    if waits:
        return max(waits)
    told = _WAIT.search(message)
    return parse_duration(told[1]) if told is not None else None


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
