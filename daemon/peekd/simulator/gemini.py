"""Gemini's wire language as its API writes it: CRLF, data lines alone, usage in each; google.rpc errors.

https://ai.google.dev/api/generate-content and …/gemini-api/docs/thought-signatures;
errors: https://google.aip.dev/193.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from peekd.simulator.acts import Act
from peekd.simulator.answer import Answer
from peekd.simulator.asked import Asked
from peekd.simulator.parts import Part, Refusal

_STOPS: Final = {"end_turn": "STOP", "max_tokens": "MAX_TOKENS", "refusal": "SAFETY", "tool_use": "STOP"}
_RPC: Final = "type.googleapis.com/google.rpc."
_MALFORMED: Final = "Malformed function call: print(default_api.Bash(command='echo peekd'"
_PICTURE: Final = "iVBORw0KGgo="
_NO_KEY: Final = "API key not valid. Please pass a valid API key."
_NO_MODEL: Final = (
    "models/{model} is not found for API version v1beta, or is not supported for generateContent. "
    "Call ListModels to see the list of available models and their supported methods."
)
_ROWS: Final[dict[str, tuple[int, str, str]]] = {
    "400": (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    "401": (401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
    "402": (402, "FAILED_PRECONDITION", "Billing is not enabled for this project."),
    "403": (403, "PERMISSION_DENIED", "The caller does not have permission"),
    "404": (404, "NOT_FOUND", _NO_MODEL),
    "413": (413, "INVALID_ARGUMENT", "Request payload size exceeds the limit."),
    "429": (
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    "500": (500, "INTERNAL", "An internal error has occurred. Please retry or report it."),
    "503": (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "504": (504, "DEADLINE_EXCEEDED", "The request timed out. Please try again."),
    "529": (529, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "signature": (400, "INVALID_ARGUMENT", "Corrupted thought signature."),
    "bad-key": (400, "INVALID_ARGUMENT", _NO_KEY),
    "no-credit": (429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."),
    "validation": (403, "PERMISSION_DENIED", "Verify your account to continue."),
}
_REASONS: Final = {"bad-key": "API_KEY_INVALID", "validation": "VALIDATION_REQUIRED"}
_VERIFY_URL: Final = "https://accounts.google.com/signin/continue"


def _dump(value: object) -> bytes:
    """Write JSON with the API's own spacing."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ": ")).encode()


def _frame(value: object) -> bytes:
    return b"data: " + _dump(value) + b"\r\n\r\n"


def _usage(answer: Answer, asked: Asked, output: int, thoughts: int) -> dict[str, Any]:
    counted: dict[str, Any] = {"promptTokenCount": asked.tokens}
    if output:
        counted["candidatesTokenCount"] = output
    counted["totalTokenCount"] = asked.tokens + output + thoughts
    counted["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": asked.tokens}]
    if thoughts:
        counted["thoughtsTokenCount"] = thoughts
    return counted | answer.usage


def _response(asked: Asked, usage: dict[str, Any], **fields: object) -> dict[str, Any]:
    tail = {"usageMetadata": usage, "modelVersion": asked.model, "responseId": f"sim{asked.number:06d}"}
    return fields | tail


def _enveloped(response: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """Put an answer where Code Assist has it."""
    return {"response": response, "traceId": f"trace{asked.number:06d}"} if asked.envelope else response


def _candidate(parts: list[dict[str, Any]], **fields: object) -> list[dict[str, Any]]:
    content = {"content": {"parts": parts, "role": "model"}} if parts else {"content": {"role": "model"}}
    return [{**content, **fields, "index": 0}]


def encode_parts(answer: Answer, asked: Asked, *, opening: bool) -> Iterator[Part]:
    """Write a whole answer as a stream, chunk by chunk; `opening`: begin with a chunk of usage alone."""
    bare = {"promptTokenCount": asked.tokens, "totalTokenCount": asked.tokens}
    start = [("start", _response(asked, bare))] if opening else []
    for number, (label, response) in enumerate(chain(start, _responses(answer, asked))):
        said = _enveloped(response, asked)
        yield Part(label, _element(said, first=number == 0) if asked.array else _frame(said))
    if asked.array:
        yield Part("last", b"]")


def _element(value: object, *, first: bool) -> bytes:
    """Write one element of the JSON array that comes without alt=sse."""
    return (b"[" if first else b",\r\n") + _dump(value)


def encode_ping(asked: Asked) -> bytes:
    """Write a chunk that says nothing: the API has no pings, but such chunks. In JSON, white space."""
    if asked.array or not asked.stream:
        return b" "
    said = _response(asked, {"promptTokenCount": asked.tokens}, candidates=_candidate([{"text": ""}]))
    return _frame(_enveloped(said, asked))


def _responses(answer: Answer, asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
    if answer.block:
        usage = _usage(answer, asked, 0, 0)
        yield "reason", _response(asked, usage, promptFeedback={"blockReason": answer.block})
        return
    output = thoughts = 0
    for label, part in _parts(answer):
        thoughts += label == "thinking"
        output += label != "thinking"
        yield label, _response(asked, _usage(answer, asked, output, thoughts), candidates=_candidate([part]))
    usage = _usage(answer, asked, answer.size(), thoughts)
    yield "reason", _response(asked, usage, candidates=_last(answer))


def _parts(answer: Answer) -> Iterator[tuple[str, dict[str, Any]]]:
    for word in answer.thoughts():
        yield "thinking", {"text": word, "thought": True}
    for word in answer.words():
        yield "text", {"text": word}
    if answer.picture:
        yield "picture", {"inlineData": {"mimeType": answer.picture, "data": _PICTURE}}
    for index, tool in enumerate(answer.tools):
        call: dict[str, Any] = {"functionCall": {"name": tool.name, "args": tool.input}}
        yield "tool", call if index else call | {"thoughtSignature": answer.signature}


def _last(answer: Answer) -> list[dict[str, Any]]:
    """Write the closing candidate; thoughts that led to text are signed here, on an empty part."""
    if answer.malformed:
        return _candidate([], finishReason="MALFORMED_FUNCTION_CALL", finishMessage=_MALFORMED)
    reason = _STOPS.get(answer.stop, answer.stop) or "STOP"
    if reason == "SAFETY" and not answer.text:
        return _candidate([], finishReason=reason)
    signed = (
        {"thoughtSignature": answer.signature} if answer.thinking is not None and not answer.tools else {}
    )
    return _candidate([{"text": "", **signed}], finishReason=reason, **_grounded(answer))


def _grounded(answer: Answer) -> dict[str, Any]:
    if answer.search is None:
        return {}
    page = {"uri": answer.search.url, "title": answer.search.title}
    return {
        "groundingMetadata": {"webSearchQueries": [answer.search.query], "groundingChunks": [{"web": page}]}
    }


def encode_whole(answer: Answer, asked: Asked) -> bytes:
    """Write a whole answer as one JSON object."""
    *body, (_, final) = _responses(answer, asked)
    if answer.block:
        return _dump(_enveloped(final, asked))
    parts: list[dict[str, Any]] = []
    if answer.thoughts():
        parts.append({"text": answer.thinking, "thought": True})
    if answer.text:
        parts.append({"text": answer.text})
    parts += [
        entry["candidates"][0]["content"]["parts"][0] for label, entry in body if label in {"picture", "tool"}
    ]
    if answer.thinking is not None and answer.text and not answer.tools:
        parts[-1]["thoughtSignature"] = answer.signature
    ending = {key: value for key, value in final["candidates"][0].items() if key not in {"content", "index"}}
    return _dump(_enveloped(final | {"candidates": _candidate(parts, **ending)}, asked))


# ---- errors and the side paths ------------------------------------------------------------------


def encode_refusal(act: Act, asked: Asked) -> Refusal:
    """Write an answer that is not 2xx."""
    row = _ROWS.get(act.refusal, (act.status, "UNKNOWN", f"HTTP {act.status}"))
    status, kind, message = (
        act.status or row[0],
        act.type or row[1],
        act.message or row[2].format(model=asked.model),
    )
    error: dict[str, Any] = {"code": status, "message": message, "status": kind}
    details = [*_details(act, asked)]
    return Refusal(
        status,
        "application/json; charset=UTF-8",
        json.dumps({"error": error | ({"details": details} if details else {})}, indent=2).encode() + b"\n",
    )


def _details(act: Act, asked: Asked) -> Iterator[dict[str, Any]]:
    if act.refusal in _REASONS:
        metadata = {"service": "generativelanguage.googleapis.com"}
        if act.refusal == "validation":
            metadata["validation_url"] = _VERIFY_URL
        yield _info(_REASONS[act.refusal], metadata)
    if act.quota:
        violation = {
            "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
            "quotaId": f"GenerateRequests{act.quota}PerProjectPerModel-FreeTier",
            "quotaDimensions": {"location": "global", "model": asked.model},
            "quotaValue": "20",
        }
        yield {"@type": f"{_RPC}QuotaFailure", "violations": [violation]}
    if act.quota_reset_delay:
        yield _info("RATE_LIMIT_EXCEEDED", {"model": asked.model, "quotaResetDelay": act.quota_reset_delay})
    if act.retry_info:
        yield {"@type": f"{_RPC}RetryInfo", "retryDelay": act.retry_info}


def _info(reason: str, metadata: dict[str, str]) -> dict[str, Any]:
    return {"@type": f"{_RPC}ErrorInfo", "reason": reason, "domain": "googleapis.com", "metadata": metadata}


def encode_error(act: Act, asked: Asked, *, first: bool) -> bytes:
    """Write an error inside a stream, or in place of a whole answer. `first`: nothing came before it."""
    kind = act.type or "UNAVAILABLE"
    code, message = next(
        ((row[0], row[2]) for row in _ROWS.values() if row[1] == kind), (500, "Internal error")
    )
    error = {"error": {"code": act.status or code, "message": act.message or message, "status": kind}}
    if asked.array:
        return _element(error, first=first) + b"]"
    return _frame(error) if asked.stream else _dump(error)


def stream_type() -> str:
    """Give the content type of a stream."""
    return "text/event-stream"


def headers(asked: Asked) -> list[tuple[str, str]]:
    """Give what stands on every answer, things a proxy must not pass on among it."""
    return [
        ("vary", "Origin"),
        ("vary", "X-Origin"),
        ("vary", "Referer"),
        ("server", "scaffolding on HTTPServer2"),
        ("x-xss-protection", "0"),
        ("x-frame-options", "SAMEORIGIN"),
        ("x-content-type-options", "nosniff"),
        ("server-timing", f"gfet4t7; dur={asked.number}"),
    ]


def encode_count(asked: Asked) -> bytes:
    """Write the answer of countTokens."""
    details = [{"modality": "TEXT", "tokenCount": asked.tokens}]
    return _dump({"totalTokens": asked.tokens, "promptTokensDetails": details})


def encode_models() -> bytes:
    """Write the list of models."""
    return _dump({
        "models": [_model(name) for name in ("gemini-3-pro-preview", "gemini-2.5-pro", "gemini-2.5-flash")]
    })


def encode_model(name: str) -> bytes:
    """Write one model."""
    return _dump(_model(name))


def _model(name: str) -> dict[str, Any]:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name.replace("-", " ").title(),
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 65536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }
