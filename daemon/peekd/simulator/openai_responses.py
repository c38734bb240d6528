"""Responses as OpenAI writes it: named events, LF, numbered frames, no last mark; errors by status.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

import msgspec

from peekd.simulator.acts import Act
from peekd.simulator.answer import Answer
from peekd.simulator.asked import Asked
from peekd.simulator.openai import (
    BROKE,
    MADE,
    encode_count,
    encode_model,
    encode_models,
    encode_ping,
    encode_refusal,
    headers,
    stream_type,
)
from peekd.simulator.openai_items import Item, encode_items
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

_LIMIT: Final = ("incomplete", "max_output_tokens")
_FILTER: Final = ("incomplete", "content_filter")
_STOPS: Final = {
    "MAX_TOKENS": _LIMIT,
    "max_tokens": _LIMIT,
    "length": _LIMIT,
    "max_output_tokens": _LIMIT,
    "SAFETY": _FILTER,
    "refusal": _FILTER,
    "content_filter": _FILTER,
}
"""The response's status and why it is incomplete; any other word is a completed one's."""

_LATE: Final = 1_000_000
"""The number of a frame that comes wherever the script breaks an answer: above all others."""
_COMPACTED: Final = 50
"""Output tokens of a compaction."""


def encode_parts(answer: Answer, asked: Asked, *, opening: bool) -> Iterator[Part]:
    """Write a whole answer as a stream, frame by frame; `response.created` opens it in any case."""
    del opening
    numbers = count()
    begun = _response(asked)
    yield Part("start", _frame(next(numbers), "response.created", response=begun))
    yield Part("ping", _frame(next(numbers), "response.in_progress", response=begun))
    items = encode_items(answer, asked)
    for place, item in enumerate(items):
        for label, kind, said in item.told(place):
            yield Part(label, _frame(next(numbers), kind, **said))
    ended = _ended(answer, asked, items)
    yield Part("reason", _frame(next(numbers), f"response.{ended['status']}", response=ended))


def encode_whole(answer: Answer, asked: Asked) -> bytes:
    """Write a whole answer as one JSON object."""
    return msgspec.json.encode(_ended(answer, asked, encode_items(answer, asked)))


def encode_error(act: Act, asked: Asked, *, first: bool) -> bytes:
    """Write an error: a frame of its own where none came before, else a response that failed."""
    error = {"code": act.type or "server_error", "message": act.message or BROKE}
    failed = _response(asked) | {"status": "failed", "error": error}
    if not asked.stream:
        return msgspec.json.encode(failed)
    if first:
        return _frame(0, "error", **error, param=None)
    return _frame(_LATE, "response.failed", response=failed)


def _frame(number: int, kind: str, **said: object) -> bytes:
    data = msgspec.json.encode({"type": kind, "sequence_number": number, **said})
    return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"


def _ended(answer: Answer, asked: Asked, items: list[Item]) -> dict[str, Any]:
    status, reason = _STOPS.get(answer.stop, ("completed", ""))
    return _response(asked) | {
        "status": status,
        "incomplete_details": {"reason": reason} if reason else None,
        "output": [item.whole for item in items],
        "usage": _usage(answer, asked),
    }


def _response(asked: Asked) -> dict[str, Any]:
    return {
        "id": f"resp_sim{asked.number:06d}",
        "object": "response",
        "created_at": MADE,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": asked.model,
        "output": [],
        "parallel_tool_calls": True,
        "store": asked.stored,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": None,
    }


def _usage(answer: Answer, asked: Asked) -> dict[str, Any]:
    thoughts = len(answer.thoughts())
    said = _COMPACTED if asked.compacts else answer.size() + thoughts
    counted = {"input_tokens": asked.tokens, "output_tokens": said} | answer.usage
    return {
        **counted,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": thoughts},
        "total_tokens": counted["input_tokens"] + counted["output_tokens"],
    }
