"""What the benchmark's clients ask, in each wire language: a short prompt, or an agent's long request."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

KEY = "bench-client-key"
"""What a client shows, in each way that a system may look for it."""

PROMPT = "Say something. " * 100
SYSTEM = "You are a coding agent. Read before you write, and say what you changed.\n" * 40
TOOLS = 20
FILE = (
    '    def step(self, name: str) -> "Result":\n        return self.table["näme"].get(name, [1, 2, 3])\n'
    * 40
)


class Ask(NamedTuple):
    """One request, ready to send."""

    path: str
    body: bytes

    def http(self) -> bytes:
        """Its bytes on the wire."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"anthropic-version: 2023-06-01\r\nauthorization: Bearer {KEY}\r\nx-api-key: {KEY}\r\n"
            f"x-goog-api-key: {KEY}\r\ncontent-length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


def ask(tongue: str, model: str, size: int = 0) -> Ask:
    """A streaming request for this model: a short prompt, or an agent's of about so many bytes.

    Tongues: anthropic, chat (OpenAI Chat Completions), gemini.
    """
    return ASKS[tongue](model, turns(size))


@cache
def turns(size: int) -> tuple[tuple[str, str], ...]:
    """What an agent has done so far, by call and result, until it comes to so many bytes."""
    each = len(json.dumps(FILE)) + 400
    return tuple((f"src/part_{number}.py", f"# {number}\n{FILE}") for number in range(size // each))


def _schema(number: int) -> dict[str, Any]:
    fields = {f"field_{n}": {"type": "string", "description": f"what {number} needs"} for n in range(6)}
    return {"type": "object", "properties": fields, "required": ["field_0"]}


def _anthropic(model: str, done: tuple[tuple[str, str], ...]) -> Ask:
    messages: list[dict[str, Any]] = [{"role": "user", "content": PROMPT}]
    for number, (path, text) in enumerate(done):
        call = {"type": "tool_use", "id": f"toolu_{number}", "name": "tool_1", "input": {"field_0": path}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": text}
        messages += [
            {"role": "assistant", "content": [{"type": "text", "text": f"Reading {path}."}, call]},
            {"role": "user", "content": [result]},
        ]
    asked: dict[str, Any] = {"model": model, "max_tokens": 4096, "stream": True, "messages": messages}
    if done:
        asked["system"] = [{"type": "text", "text": SYSTEM}]
        asked["tools"] = [
            {"name": f"tool_{n}", "description": f"does {n}", "input_schema": _schema(n)}
            for n in range(TOOLS)
        ]
    return Ask("/v1/messages", json.dumps(asked).encode())


def _chat(model: str, done: tuple[tuple[str, str], ...]) -> Ask:
    messages: list[dict[str, Any]] = [{"role": "user", "content": PROMPT}]
    for number, (path, text) in enumerate(done):
        function = {"name": "tool_1", "arguments": json.dumps({"field_0": path})}
        call = {"id": f"call_{number}", "type": "function", "function": function}
        messages += [
            {"role": "assistant", "content": f"Reading {path}.", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"call_{number}", "content": text},
        ]
    asked: dict[str, Any] = {"model": model, "max_tokens": 4096, "stream": True, "messages": messages}
    if done:
        asked["tools"] = [
            {"type": "function", "function": {"name": f"tool_{n}", "parameters": _schema(n)}}
            for n in range(TOOLS)
        ]
    return Ask("/v1/chat/completions", json.dumps(asked).encode())


def _gemini(model: str, done: tuple[tuple[str, str], ...]) -> Ask:
    contents: list[dict[str, Any]] = [{"role": "user", "parts": [{"text": PROMPT}]}]
    for path, text in done:
        call = {"functionCall": {"name": "tool_1", "args": {"field_0": path}}}
        result = {"functionResponse": {"name": "tool_1", "response": {"output": text}}}
        contents += [{"role": "model", "parts": [call]}, {"role": "user", "parts": [result]}]
    path = f"/v1beta/models/{model}:streamGenerateContent?alt=sse"
    return Ask(path, json.dumps({"contents": contents}).encode())


ASKS = {"anthropic": _anthropic, "chat": _chat, "gemini": _gemini}
