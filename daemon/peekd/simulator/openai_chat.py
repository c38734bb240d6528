"""Chat Completions as OpenAI writes it: data lines, LF, [DONE]; errors by status.

https://platform.openai.com/docs/api-reference/chat-streaming and …/docs/guides/error-codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from peekd.simulator.acts import Act
from peekd.simulator.answer import Answer
from peekd.simulator.asked import Asked
from peekd.simulator.parts import Part, Refusal

PING: Final = b": OPENROUTER PROCESSING\n\n"

_STOPS: Final = {"MAX_TOKENS": "length", "max_tokens": "length", "refusal": "content_filter"}
_QUOTA: Final = "You exceeded your current quota, please check your plan and billing details."
_ROWS: Final[dict[str, tuple[int, str, str | None, str]]] = {
    "400": (400, "invalid_request_error", None, "you must provide a model parameter"),
    "401": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "402": (402, "invalid_request_error", None, "Insufficient credits"),
    "403": (403, "invalid_request_error", None, "You do not have access to this model."),
    "404": (404, "invalid_request_error", "model_not_found", "The model `{model}` does not exist."),
    "413": (413, "invalid_request_error", None, "Request too large"),
    "429": (
        429,
        "requests",
        "rate_limit_exceeded",
        "Rate limit reached for {model} in organization org-sim on requests per min (RPM): Limit 3.",
    ),
    "500": (500, "server_error", None, "The server had an error while processing your request."),
    "503": (503, "server_error", None, "The engine is currently overloaded, please try again later."),
    "bad-key": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "no-credit": (429, "insufficient_quota", "insufficient_quota", _QUOTA),
    "validation": (403, "invalid_request_error", None, "Your organization must be verified."),
}
_MADE: Final = 1_767_225_600
_PIECE: Final = 12
"""Characters of a call's arguments at a time."""


def _frame(asked: Asked, **said: object) -> bytes:
    fixed = {"id": f"chatcmpl-sim{asked.number:06d}", "object": "chat.completion.chunk", "created": _MADE}
    data = msgspec.json.encode({**fixed, "model": asked.model, "system_fingerprint": "fp_sim", **said})
    return b"data: " + data + b"\n\n"


def _delta(asked: Asked, delta: dict[str, Any], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return _frame(asked, choices=[choice])


def _usage(answer: Answer, asked: Asked) -> dict[str, Any]:
    thoughts = len(answer.thoughts())
    counted = {"prompt_tokens": asked.tokens, "completion_tokens": answer.size() + thoughts} | answer.usage
    total = counted["prompt_tokens"] + counted["completion_tokens"]
    details = {"completion_tokens_details": {"reasoning_tokens": thoughts}} if thoughts else {}
    return {**counted, "total_tokens": total, **details}


def encode_parts(answer: Answer, asked: Asked, *, opening: bool) -> Iterator[Part]:
    """Write a whole answer as a stream, frame by frame; the role opens it in any case."""
    del opening
    yield Part("start", _delta(asked, {"role": "assistant", "content": ""}))
    for word in answer.thoughts():
        yield Part("thinking", _delta(asked, {"reasoning_content": word}))
    for word in answer.words():
        yield Part("text", _delta(asked, {"content": word}))
    for index, call in enumerate(_calls(answer, asked)):
        whole = call["function"]["arguments"]
        first = call | {"index": index, "function": call["function"] | {"arguments": ""}}
        yield Part("open", _delta(asked, {"tool_calls": [first]}))
        for start in range(0, len(whole), _PIECE):
            piece = {"index": index, "function": {"arguments": whole[start : start + _PIECE]}}
            yield Part("tool", _delta(asked, {"tool_calls": [piece]}))
    yield Part("reason", _delta(asked, {}, _stop(answer)))
    if asked.counted:
        yield Part("usage", _frame(asked, choices=[], usage=_usage(answer, asked)))
    yield Part("last", b"data: [DONE]\n\n")


def encode_whole(answer: Answer, asked: Asked) -> bytes:
    """Write a whole answer as one JSON object."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if answer.thinking:
        message["reasoning_content"] = answer.thinking
    calls = _calls(answer, asked)
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _stop(answer)}
    said = {
        "id": f"chatcmpl-sim{asked.number:06d}",
        "object": "chat.completion",
        "created": _MADE,
        "model": asked.model,
        "choices": [choice],
        "usage": _usage(answer, asked),
    }
    return msgspec.json.encode(said)


def _stop(answer: Answer) -> str:
    if answer.stop:
        return _STOPS.get(answer.stop, answer.stop)
    return "tool_calls" if answer.tools or answer.malformed else "stop"


def _calls(answer: Answer, asked: Asked) -> list[dict[str, Any]]:
    named = [(tool.name, msgspec.json.encode(tool.input).decode()) for tool in answer.tools]
    if answer.malformed:
        named.append(("Bash", '{"command":"echo peekd"'))
    return [
        {
            "id": f"call_sim{asked.number:06d}_{index}",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        for index, (name, arguments) in enumerate(named)
    ]


# ---- errors and the side paths ------------------------------------------------------------------


def encode_refusal(act: Act, asked: Asked) -> Refusal:
    """Write an answer that is not 2xx."""
    row = _ROWS.get(act.refusal, (act.status, "server_error", None, f"HTTP {act.status}"))
    message = act.message or row[3].format(model=asked.model)
    error = {"message": message, "type": act.type or row[1], "param": None, "code": row[2]}
    return Refusal(act.status or row[0], "application/json", msgspec.json.encode({"error": error}))


def encode_error(act: Act, asked: Asked, *, first: bool) -> bytes:
    """Write an error inside a stream, or in place of an unstreamed answer; the same wherever it comes."""
    del first
    message = act.message or "The server had an error while processing your request."
    body = {"error": {"message": message, "type": act.type or "server_error", "param": None, "code": None}}
    data = msgspec.json.encode(body)
    return b"data: " + data + b"\n\n" if asked.stream else data


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
    return {"id": name, "object": "model", "created": _MADE, "owned_by": "simulator"}
