"""Messages of the shapes that nearly all of an agent's history has, read at once; `blocks` reads any.

A long history has thousands of blocks, and to read each field by field, with its place known, takes most of
a translation's time. A shape is taken here only where every field of it is known and of its type, so either
way comes to the same; whatever is wrong, unknown or rare is left to `blocks`, which says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from peekd.protocols.anthropic.carriers import FAMILY
from peekd.protocols.fields import CACHED, Dropped
from peekd.vocabulary.conversation import Part, Text, Thinking, ToolCall, ToolResult


class _Block(msgspec.Struct, gc=False, forbid_unknown_fields=True, kw_only=True):
    cache_control: Any = None


class _Text(_Block, gc=False, forbid_unknown_fields=True, tag="text"):
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
    content: str | list[_Text] | None = None
    is_error: bool | None = None


class Message(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A message of such a shape."""

    role: Literal["user", "assistant", "system"]
    content: str | list[_Text | _Thinking | _Call | _Result]


def usual_message(value: object) -> Message | None:
    """Give a message that is of such a shape; None for one that is to be read field by field."""
    try:
        return msgspec.convert(value, Message)
    except msgspec.ValidationError:
        return None


def usual_parts(message: Message, dropped: Dropped) -> Iterator[Part]:
    """Give its parts one by one, and list in `dropped` what has no word."""
    if isinstance(message.content, str):
        yield Text(message.content)
        return
    for block in message.content:
        part = _part(block, dropped)
        if block.cache_control is not None:
            dropped[CACHED] = None
        yield part


def _part(block: _Text | _Thinking | _Call | _Result, dropped: Dropped) -> Part:
    match block:
        case _Text():
            return Text(block.text)
        case _Result():
            return ToolResult(block.tool_use_id, _said(block.content, dropped), block.is_error or False)
        case _Call():
            return ToolCall(block.id, block.name, block.input or {})
        case _Thinking():
            signature = block.signature or ""
            return Thinking(block.thinking, signature, FAMILY if signature else "")


def _said(content: str | list[_Text] | None, dropped: Dropped) -> tuple[Text, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    if any(block.cache_control is not None for block in content):
        dropped[CACHED] = None
    return tuple([Text(block.text) for block in content])
