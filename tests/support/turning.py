"""A first turn of each client that thinks and calls, and how it sends the answer back with the result."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from playhouse import GREETING, HELLO, STREAM, Told

Json = dict[str, Any]

SCHEMA: Json = {"type": "object", "properties": {"command": {"type": "string"}}}
RESULT = "peekd"


class Turn(NamedTuple):
    """What a client says first, and how it sends an answer back with the result of its call."""

    path: str
    whole_path: str
    first: Json


def anthropic_again(told: Told, first: Json, *, stream: bool) -> Json:
    blocks = anthropic_blocks(told) if stream else told.json["content"]
    result = {"type": "tool_result", "tool_use_id": blocks[-1]["id"], "content": RESULT}
    turns = [{"role": "assistant", "content": blocks}, {"role": "user", "content": [result]}]
    return {**first, "messages": [*first["messages"], *turns]}


def anthropic_blocks(told: Told) -> list[Json]:
    """Give the blocks of a stream, put together as SDKs do."""
    blocks: list[Json] = []
    pieces: dict[int, str] = {}
    for event in told.events:
        if event["type"] == "content_block_start":
            blocks.append(dict(event["content_block"]))
        elif event["type"] == "content_block_delta":
            delta: Json = event["delta"]
            place: int = event["index"]
            for field in delta.keys() & {"text", "thinking", "signature"}:
                blocks[place][field] += delta[field]
            pieces[place] = pieces.get(place, "") + delta.get("partial_json", "")
    for index, text in pieces.items():
        if blocks[index]["type"] == "tool_use":
            blocks[index]["input"] = msgspec.json.decode(text)
    return blocks


def gemini_again(told: Told, first: Json, *, stream: bool) -> Json:
    del stream
    result = {"functionResponse": {"name": "Bash", "response": {"output": RESULT}}}
    turns = [{"role": "model", "parts": told.parts}, {"role": "user", "parts": [result]}]
    return {**first, "contents": [*first["contents"], *turns]}


def chat_again(told: Told, first: Json, *, stream: bool) -> Json:
    message = chat_message(told) if stream else told.json["choices"][0]["message"]
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": RESULT}
    return {**first, "messages": [*first["messages"], message, result]}


def chat_message(told: Told) -> Json:
    deltas = [choice["delta"] for data in chat_datas(told) for choice in data.get("choices", ())]
    calls = [call for delta in deltas for call in delta.get("tool_calls", ())]
    arguments = "".join(call["function"].get("arguments", "") for call in calls)
    words = "".join(delta.get("content") or "" for delta in deltas)
    thoughts = "".join(delta.get("reasoning_content") or "" for delta in deltas)
    function = {"name": calls[0]["function"]["name"], "arguments": arguments} if calls else {}
    called = [{"id": calls[0]["id"], "type": "function", "function": function}] if calls else []
    thought = {"reasoning_content": thoughts} if thoughts else {}
    return {"role": "assistant", "content": words, "tool_calls": called, **thought}


def chat_datas(told: Told) -> list[Json]:
    lines = [line.removeprefix(b"data: ") for line in told.body.split(b"\n") if line.startswith(b"data: ")]
    return [msgspec.json.decode(line) for line in lines if line != b"[DONE]"]


def words(client: str, told: Told) -> str:
    """Give the words of an answer, streamed or not."""
    if client == "anthropic":
        return told.text
    if client == "gemini":
        return "".join(part.get("text", "") for part in told.parts if not part.get("thought"))
    if told.body.startswith(b"{"):
        return told.json["choices"][0]["message"]["content"] or ""
    return chat_message(told)["content"]


def stop(client: str, told: Told) -> str:
    """Give the reason of a streamed answer's end."""
    if client == "anthropic":
        return told.events[-2]["delta"]["stop_reason"]
    if client == "gemini":
        return told.chunks[-1]["candidates"][0]["finishReason"]
    reasons = [choice["finish_reason"] for data in chat_datas(told) for choice in data.get("choices", ())]
    return next(reason for reason in reasons if reason)


GEMINI = "/v1beta/models/gemini-2.5-pro:"
TURNS = {
    "anthropic": Turn(
        "/v1/messages",
        "/v1/messages",
        HELLO
        | {
            "thinking": {"type": "enabled", "budget_tokens": 5_000},
            "tools": [{"name": "Bash", "input_schema": SCHEMA}],
        },
    ),
    "gemini": Turn(
        f"{GEMINI}{STREAM}",
        f"{GEMINI}generateContent",
        GREETING
        | {
            "tools": [{"functionDeclarations": [{"name": "Bash", "parametersJsonSchema": SCHEMA}]}],
            "generationConfig": {"thinkingConfig": {"includeThoughts": True, "thinkingBudget": 5_000}},
        },
    ),
    "openai-chat": Turn(
        "/v1/chat/completions",
        "/v1/chat/completions",
        {
            "model": "claude-x",
            "messages": [{"role": "user", "content": "Say hello."}],
            "reasoning_effort": "medium",
            "tools": [{"type": "function", "function": {"name": "Bash", "parameters": SCHEMA}}],
        },
    ),
}
AGAIN = {"anthropic": anthropic_again, "gemini": gemini_again, "openai-chat": chat_again}
