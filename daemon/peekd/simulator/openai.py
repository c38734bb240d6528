"""What OpenAI's two languages share: refusals, headers, models.

https://platform.openai.com/docs/guides/error-codes
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from peekd.simulator.acts import Act
from peekd.simulator.asked import Asked
from peekd.simulator.parts import Refusal

PING: Final = b": OPENROUTER PROCESSING\n\n"
MADE: Final = 1_767_225_600
"""When everything was made, in seconds since 1970."""
BROKEN_CALL: Final = '{"command":"echo peekd"'
"""What a call that cannot be read has for arguments."""
BROKE: Final = "The server had an error while processing your request."

_INVALID: Final = "invalid_request_error"
_QUOTA: Final = "You exceeded your current quota, please check your plan and billing details."
_UNREADABLE: Final = (
    "The encrypted content gAAA...sim could not be verified. "
    "Reason: Encrypted content could not be decrypted or parsed."
)
_ROWS: Final[dict[str, tuple[int, str, str | None, str]]] = {
    "400": (400, _INVALID, None, "you must provide a model parameter"),
    "401": (401, _INVALID, "invalid_api_key", "Incorrect API key provided."),
    "402": (402, _INVALID, None, "Insufficient credits"),
    "403": (403, _INVALID, None, "You do not have access to this model."),
    "404": (404, _INVALID, "model_not_found", "The model `{model}` does not exist."),
    "413": (413, _INVALID, None, "Request too large"),
    "429": (
        429,
        "requests",
        "rate_limit_exceeded",
        "Rate limit reached for {model} in organization org-sim on requests per min (RPM): Limit 3.",
    ),
    "500": (500, "server_error", None, BROKE),
    "503": (503, "server_error", None, "The engine is currently overloaded, please try again later."),
    "signature": (400, _INVALID, "invalid_encrypted_content", _UNREADABLE),
    "bad-key": (401, _INVALID, "invalid_api_key", "Incorrect API key provided."),
    "no-credit": (429, "insufficient_quota", "insufficient_quota", _QUOTA),
    "validation": (403, _INVALID, None, "Your organization must be verified."),
}


def encode_refusal(act: Act, asked: Asked) -> Refusal:
    """Write an answer that is not 2xx."""
    row = _ROWS.get(act.refusal, (act.status, "server_error", None, f"HTTP {act.status}"))
    message = act.message or row[3].format(model=asked.model)
    error = {"message": message, "type": act.type or row[1], "param": None, "code": row[2]}
    return Refusal(act.status or row[0], "application/json", msgspec.json.encode({"error": error}))


def encode_ping(asked: Asked) -> bytes:
    """Write a comment; where JSON is asked for, white space."""
    return PING if asked.stream else b" "


def stream_type() -> str:
    """Give the content type of a stream."""
    return "text/event-stream; charset=utf-8"


def headers(asked: Asked) -> list[tuple[str, str]]:
    """Give what stands on every answer, things a proxy must not pass on among it."""
    return [
        ("x-request-id", f"req_sim{asked.number:06d}"),
        ("openai-organization", "org-sim"),
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-remaining-requests", "9999"),
        ("x-ratelimit-reset-requests", "6ms"),
        ("server", "cloudflare"),
        ("set-cookie", "__cf_bm=simulated; path=/; HttpOnly; Secure"),
    ]


def encode_count(asked: Asked) -> bytes:
    """Write a count of tokens. The API has none; nobody asks."""
    return msgspec.json.encode({"input_tokens": asked.tokens})


def encode_models() -> bytes:
    """Write the list of models."""
    return msgspec.json.encode({"object": "list", "data": [_model(name) for name in ("gpt-5", "gpt-5-mini")]})


def encode_model(name: str) -> bytes:
    """Write one model."""
    return msgspec.json.encode(_model(name))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": MADE, "owned_by": "simulator"}
