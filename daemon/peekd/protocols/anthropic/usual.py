"""Messages of the shapes that nearly all of an agent's history has, read at once; `blocks` reads any.

So is a small request of such messages that asks for nothing but words; `request` reads any.

A long history has thousands of blocks, and to read each field by field, with its place known, takes most of
a translation's time. A shape is taken here only where every field of it is known and of its type, so either
way comes to the same; whatever is wrong, unknown or rare is left to `blocks`, which says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

import msgspec

from peekd.protocols.anthropic.carriers import FAMILY
from peekd.protocols.fields import CACHED, Dropped
from peekd.vocabulary.conversation import Part, Text, Thinking, ToolCall, ToolResult


class _Block(msgspec.Struct, gc=False, forbid_unknown_fields=True, kw_only=True):
    cache_control: Any = None


class Words(_Block, gc=False, forbid_unknown_fields=True, tag="text"):
    """A block of words."""

    text: str


class _Thinking(_Block, gc=False, forbid_unknown_fields=True, tag="thinking"):
    thinking: str
    signature: str | None = None


class _Call(_Block, gc=False, forbid_unknown_fields=True, tag="tool_use"):
    id: str
    name: str
    input: dict[str, Any] | None = None


class _Result(_Block, gc=False, forbid_unknown_fields=True, tag="tool_result"):
    tool_use_id: str
    content: str | list[Words] | None = None
    is_error: bool | None = None


Block = Words | _Thinking | _Call | _Result


class Message(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A message of such a shape."""

    role: Literal["user", "assistant", "system"]
    content: str | list[Block]


class Request(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A request of such messages. Whole numbers stay whole: where that is wrong, `request` tells."""

    model: str
    messages: list[Message]
    system: str | list[Words] | None = None
    max_tokens: int | None = None
    temperature: int | float | None = None
    top_p: int | float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    stream: bool | None = None


SMALL: Final = 32_768
"""Bytes of a request up to which it is tried at once: larger ones are agents', which offer tools."""

_requests: Final = msgspec.json.Decoder(Request)


def usual_request(body: bytes) -> Request | None:
    """Give a small request of such a shape; None for one that is to be read field by field."""
    if len(body) > SMALL:
        return None
    try:
        return _requests.decode(body)
    except (ValueError, RecursionError):
        return None


def usual_message(value: object) -> Message | None:
    """Give a message that is of such a shape; None for one that is to be read field by field."""
    try:
        return msgspec.convert(value, Message)
    except msgspec.ValidationError:
        return None


def usual_parts(blocks: Iterable[Block], dropped: Dropped) -> Iterator[Part]:
    """Give a message's parts one by one, and list in `dropped` what has no word."""
    for block in blocks:
        part = _part(block, dropped)
        if block.cache_control is not None:
            dropped[CACHED] = None
        yield part


def _part(block: Block, dropped: Dropped) -> Part:
    match block:
        case Words():
            return Text(block.text)
        case _Result():
            return ToolResult(block.tool_use_id, _said(block.content, dropped), block.is_error or False)
        case _Call():
            return ToolCall(block.id, block.name, block.input or {})
        case _Thinking():
            signature = block.signature or ""
            return Thinking(block.thinking, signature, FAMILY if signature else "")


def _said(content: str | list[Words] | None, dropped: Dropped) -> tuple[Text, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    if any(block.cache_control is not None for block in content):
        dropped[CACHED] = None
    return tuple([Text(block.text) for block in content])
