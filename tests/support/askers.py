"""One small request in each client protocol, and what its streamed answer says, without peekd's codecs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from playhouse import Told

MODEL = "claude-opus-4-5"
SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}
CLIENTS = ("anthropic", "gemini", "openai-chat", "openai-responses")


class Heard(msgspec.Struct):
    """What a client made of a stream. `reason`: why it ended, as its protocol says; `error`: it failed."""

    text: str = ""
    calls: list[str] = msgspec.field(default_factory=list[str])
    reason: str = ""
    error: bool = False
    usage: Mapping[str, Any] | None = None


def asking(client: str, *, tools: bool = True, **more: Any) -> dict[str, Any]:
    """Give what `Playhouse.ask` takes for a streamed request of this client. `more`: further members."""
    words = "Run ls."
    body: dict[str, Any]
    match client:
        case "anthropic":
            body = {"model": MODEL, "max_tokens": 900, "messages": [{"role": "user", "content": words}]}
            offered: Any = [{"name": "Bash", "description": "Runs.", "input_schema": SCHEMA}]
            path = "/v1/messages"
        case "gemini":
            body = {"contents": [{"role": "user", "parts": [{"text": words}]}]}
            declared = {"name": "Bash", "description": "Runs.", "parametersJsonSchema": SCHEMA}
            offered = [{"functionDeclarations": [declared]}]
            path = f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"
        case "openai-chat":
            body = {"model": MODEL, "messages": [{"role": "user", "content": words}]}
            body["stream_options"] = {"include_usage": True}
            offered = [{"type": "function", "function": {"name": "Bash", "parameters": SCHEMA}}]
            path = "/v1/chat/completions"
        case _:
            body = {"model": MODEL, "input": words, "store": False}
            offered = [{"type": "function", "name": "Bash", "parameters": SCHEMA}]
            path = "/v1/responses"
    body |= ({"tools": offered} if tools else {}) | more
    if client == "gemini":
        return {"body": msgspec.json.encode(body), "path": path}
    return {"body": body, "path": path}


def heard(client: str, told: Told) -> Heard:
    """Read a stream."""
    heard = Heard()
    for data in _datas(told.body):
        _READERS[client](data, heard)
    return heard


def _datas(body: bytes) -> list[dict[str, Any]]:
    lines = body.replace(b"\r\n", b"\n").split(b"\n")
    said = [line.removeprefix(b"data:").strip() for line in lines if line.startswith(b"data:")]
    return [msgspec.json.decode(data) for data in said if data != b"[DONE]"]


def _anthropic(data: dict[str, Any], heard: Heard) -> None:
    match data["type"]:
        case "content_block_start" if data["content_block"]["type"] == "tool_use":
            heard.calls.append("")
        case "content_block_delta":
            heard.text += data["delta"].get("text", "")
            if "partial_json" in data["delta"]:
                heard.calls[-1] += data["delta"]["partial_json"]
        case "message_delta":
            heard.reason, heard.usage = data["delta"]["stop_reason"], data["usage"]
        case "error":
            heard.error = True
        case _:
            pass


def _gemini(data: dict[str, Any], heard: Heard) -> None:
    heard.error = heard.error or "error" in data
    for candidate in data.get("candidates", ()):
        for part in candidate.get("content", {}).get("parts", ()):
            heard.text += part.get("text", "")
            if "functionCall" in part:
                heard.calls.append(msgspec.json.encode(part["functionCall"]["args"]).decode())
        heard.reason = candidate.get("finishReason", heard.reason)
    heard.usage = data.get("usageMetadata", heard.usage)


def _chat(data: dict[str, Any], heard: Heard) -> None:
    heard.error = heard.error or "error" in data
    heard.usage = data.get("usage") or heard.usage
    for choice in data.get("choices", ()):
        heard.text += choice["delta"].get("content") or ""
        for call in choice["delta"].get("tool_calls", ()):
            heard.calls += [""] * (call["index"] >= len(heard.calls))
            heard.calls[call["index"]] += call["function"]["arguments"]
        heard.reason = choice["finish_reason"] or heard.reason


def _responses(data: dict[str, Any], heard: Heard) -> None:
    match data["type"]:
        case "response.output_text.delta":
            heard.text += data["delta"]
        case "response.output_item.done" if data["item"]["type"] == "function_call":
            heard.calls.append(data["item"]["arguments"])
        case "response.completed" | "response.incomplete" | "response.failed":
            heard.reason, heard.usage = data["response"]["status"], data["response"]["usage"]
            heard.error = data["type"] == "response.failed"
        case _:
            pass


_READERS = {
    "anthropic": _anthropic,
    "gemini": _gemini,
    "openai-chat": _chat,
    "openai-responses": _responses,
}
