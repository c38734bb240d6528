"""Anthropic's wire language as its API writes it: event lines, LF, pings; errors by status.

https://platform.claude.com/docs/en/build-with-claude/streaming and …/docs/en/api/errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from peekd.simulator.acts import Act
from peekd.simulator.answer import Answer, Search
from peekd.simulator.asked import Asked
from peekd.simulator.parts import Part, Refusal

PING: Final = b'event: ping\ndata: {"type": "ping"}\n\n'

_STOPS: Final = {"STOP": "end_turn", "MAX_TOKENS": "max_tokens", "SAFETY": "refusal"}
_CREDIT: Final = (
    "Your credit balance is too low to access the Anthropic API. "
    "Please go to Plans & Billing to upgrade or purchase credits."
)
_ROWS: Final[dict[str, tuple[int, str, str]]] = {
    "400": (400, "invalid_request_error", "max_tokens: Field required"),
    "401": (401, "authentication_error", "invalid x-api-key"),
    "402": (402, "billing_error", "Your account has a billing problem. Please check your payment method."),
    "403": (403, "permission_error", "Your API key does not have permission to use the specified resource."),
    "404": (404, "not_found_error", "model: {model}"),
    "409": (409, "conflict_error", "The request conflicts with another one."),
    "413": (413, "request_too_large", "Request exceeds the maximum size"),
    "429": (
        429,
        "rate_limit_error",
        "This request would exceed your account's rate limit. Please try again later.",
    ),
    "500": (500, "api_error", "Internal server error"),
    "503": (503, "api_error", "Service unavailable"),
    "504": (504, "timeout_error", "The request timed out. Please try again."),
    "529": (529, "overloaded_error", "Overloaded"),
    "signature": (
        400,
        "invalid_request_error",
        "messages.1.content.0: Invalid `signature` in `thinking` block",
    ),
    "bad-key": (401, "authentication_error", "invalid x-api-key"),
    "no-credit": (400, "invalid_request_error", _CREDIT),
    "validation": (
        403,
        "permission_error",
        "This organization has been disabled. Please verify your account.",
    ),
}
_KINDS: Final = {row[1]: row[2] for row in reversed(_ROWS.values())}


def _event(name: str, **fields: object) -> bytes:
    data = msgspec.json.encode({"type": name, **fields})
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


def _usage(answer: Answer, asked: Asked, output: int) -> dict[str, Any]:
    counted = {
        "input_tokens": asked.tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output,
        "service_tier": "standard",
    }
    return counted | answer.usage


def _output(answer: Answer) -> int:
    """Count what was generated; thoughts are in it, shown or not."""
    return answer.size() + len(answer.thoughts())


def _message(asked: Asked, **fields: object) -> dict[str, Any]:
    fixed = {"model": asked.model, "id": f"msg_sim{asked.number:06d}", "type": "message", "role": "assistant"}
    return fixed | fields


def encode_parts(answer: Answer, asked: Asked, *, opening: bool) -> Iterator[Part]:
    """Write a whole answer as a stream, frame by frame; message_start opens it in any case."""
    del opening
    usage = _usage(answer, asked, 1)
    start = _message(asked, content=[], stop_reason=None, stop_sequence=None, usage=usage)
    yield Part("start", _event("message_start", message=start))
    for index, block in enumerate(_blocks(answer, asked)):
        yield Part("open", _event("content_block_start", index=index, content_block=_opening(block)))
        if index == 0:
            yield Part("ping", PING)
        for label, delta in _deltas(block, answer):
            yield Part(label, _event("content_block_delta", index=index, delta=delta))
        yield Part("close", _event("content_block_stop", index=index))
    delta = {"stop_reason": _stop(answer), "stop_sequence": None}
    final = {"output_tokens": _output(answer)} | answer.usage
    yield Part("reason", _event("message_delta", delta=delta, usage=final))
    yield Part("last", _event("message_stop"))


def encode_whole(answer: Answer, asked: Asked) -> bytes:
    """Write a whole answer as one JSON object."""
    usage = _usage(answer, asked, _output(answer))
    content = _blocks(answer, asked)
    message = _message(asked, content=content, stop_reason=_stop(answer), stop_sequence=None, usage=usage)
    return msgspec.json.encode(message)


def _stop(answer: Answer) -> str:
    if answer.stop:
        return _STOPS.get(answer.stop, answer.stop)
    return "tool_use" if answer.tools or answer.malformed else "end_turn"


def _blocks(answer: Answer, asked: Asked) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if answer.thinking is not None:
        thinking = answer.thinking if asked.shown else ""
        blocks.append({"type": "thinking", "thinking": thinking, "signature": answer.signature})
    if answer.search is not None:
        blocks += _search(answer.search, asked)
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    calls = [(tool.name, tool.input) for tool in answer.tools]
    if answer.malformed:
        calls.append(("Bash", {"command": "echo peekd"}))
    for index, (name, arguments) in enumerate(calls):
        tool_id = f"toolu_sim{asked.number:06d}_{index}"
        blocks.append({"type": "tool_use", "id": tool_id, "name": name, "input": arguments})
    return blocks


def _search(search: Search, asked: Asked) -> list[dict[str, Any]]:
    identity = f"srvtoolu_sim{asked.number:06d}"
    page = {"type": "web_search_result", "url": search.url, "title": search.title}
    found = page | {"encrypted_content": "c2ltdWxhdGVk", "page_age": None}
    return [
        {"type": "server_tool_use", "id": identity, "name": "web_search", "input": {"query": search.query}},
        {"type": "web_search_tool_result", "tool_use_id": identity, "content": [found]},
    ]


def _opening(block: dict[str, Any]) -> dict[str, Any]:
    """Empty what comes by deltas."""
    emptied: dict[str, Any] = {"thinking": "", "signature": "", "text": "", "input": {}}
    return {key: emptied.get(key, value) for key, value in block.items()}


def _deltas(block: dict[str, Any], answer: Answer) -> Iterator[tuple[str, dict[str, Any]]]:
    if block["type"] == "text":
        for word in answer.words():
            yield "text", {"type": "text_delta", "text": word}
    elif block["type"] == "thinking":
        for word in answer.thoughts() if block["thinking"] else ():
            yield "thinking", {"type": "thinking_delta", "thinking": word}
        yield "signature", {"type": "signature_delta", "signature": block["signature"]}
    elif "input" in block:
        for fragment in _fragments(block["input"], malformed=answer.malformed):
            yield "tool", {"type": "input_json_delta", "partial_json": fragment}


def _fragments(arguments: dict[str, Any], *, malformed: bool) -> list[str]:
    """Cut a tool's input as the API does: an empty one first, then pieces that only join to JSON."""
    whole = msgspec.json.encode(arguments).decode() if arguments else ""
    if malformed:
        whole = whole[:-1]
    return ["", *(whole[start : start + 12] for start in range(0, len(whole), 12))]


# ---- errors and the side paths ------------------------------------------------------------------


def encode_refusal(act: Act, asked: Asked) -> Refusal:
    """Write an answer that is not 2xx."""
    row = _ROWS.get(act.refusal, (act.status, "api_error", f"HTTP {act.status}"))
    status, kind, message = (
        act.status or row[0],
        act.type or row[1],
        act.message or row[2].format(model=asked.model),
    )
    error = {"type": kind, "message": message}
    body = {"type": "error", "error": error, "request_id": request_id(asked)}
    return Refusal(status, "application/json", msgspec.json.encode(body))


def encode_error(act: Act, asked: Asked, *, first: bool) -> bytes:
    """Write an error inside a stream, or in place of an unstreamed answer; the same wherever it comes."""
    del first
    kind = act.type or "overloaded_error"
    error = {"type": kind, "message": act.message or _KINDS.get(kind, "Overloaded")}
    if asked.stream:
        return _event("error", error=error)
    return msgspec.json.encode({"type": "error", "error": error})


def encode_ping(asked: Asked) -> bytes:
    """Write a ping; where JSON is asked for, white space."""
    return PING if asked.stream else b" "


def request_id(asked: Asked) -> str:
    """Give the id in the request-id header."""
    return f"req_sim{asked.number:06d}"


def stream_type() -> str:
    """Give the content type of a stream."""
    return "text/event-stream; charset=utf-8"


def headers(asked: Asked) -> list[tuple[str, str]]:
    """Give what stands on every answer, things a proxy must not pass on among it."""
    return [
        ("request-id", request_id(asked)),
        ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000"),
        ("anthropic-ratelimit-requests-limit", "4000"),
        ("anthropic-ratelimit-requests-remaining", "3999"),
        ("anthropic-ratelimit-requests-reset", "2030-01-01T00:00:00Z"),
        ("server", "cloudflare"),
        ("set-cookie", "__cf_bm=simulated; path=/; HttpOnly; Secure"),
    ]


def encode_count(asked: Asked) -> bytes:
    """Write the answer of count_tokens."""
    return msgspec.json.encode({"input_tokens": asked.tokens})


def encode_models() -> bytes:
    """Write the list of models."""
    models = [_model(name) for name in ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-4-5")]
    ends = {"first_id": models[0]["id"], "last_id": models[-1]["id"]}
    return msgspec.json.encode({"data": models, "has_more": False, **ends})


def encode_model(name: str) -> bytes:
    """Write one model."""
    return msgspec.json.encode(_model(name))


def _model(name: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": name,
        "display_name": name.replace("-", " ").title(),
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
    }
