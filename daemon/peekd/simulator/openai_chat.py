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
from peekd.simulator.openai import (
    BROKE,
    BROKEN_CALL,
    MADE,
    encode_count,
    encode_model,
    encode_models,
    encode_ping,
    encode_refusal,
    headers,
    stream_type,
)
from peekd.simulator.parts import Part

__all__ = [
    "encode_count",
    "encode_error",
    "encode_model",
    "encode_models",
    "encode_parts",
    "encode_ping",
    "encode_refusal",
    "encode_whole",
    "headers",
    "stream_type",
]

_STOPS: Final = {"MAX_TOKENS": "length", "max_tokens": "length", "refusal": "content_filter"}
_PIECE: Final = 12
"""Characters of a call's arguments at a time."""


def _frame(asked: Asked, **said: object) -> bytes:
    fixed = {"id": f"chatcmpl-sim{asked.number:06d}", "object": "chat.completion.chunk", "created": MADE}
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
        "created": MADE,
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
        named.append(("Bash", BROKEN_CALL))
    return [
        {
            "id": f"call_sim{asked.number:06d}_{index}",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        for index, (name, arguments) in enumerate(named)
    ]


def encode_error(act: Act, asked: Asked, *, first: bool) -> bytes:
    """Write an error inside a stream, or in place of an unstreamed answer; the same wherever it comes."""
    del first
    message = act.message or BROKE
    body = {"error": {"message": message, "type": act.type or "server_error", "param": None, "code": None}}
    data = msgspec.json.encode(body)
    return b"data: " + data + b"\n\n" if asked.stream else data
