"""Messages of the shapes that nearly all of an agent's history has, read at once; `messages` reads any.

A shape is taken here only where every field of it is known and of its type, so either way comes to the same;
whatever is wrong, unknown or rare is left to `messages`, which says so.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from peekd.vocabulary.conversation import Text, ToolCall, ToolResult, Turn


class _Function(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    name: str
    arguments: str | None = None


class _Call(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    id: str
    function: _Function
    type: Literal["function"] | None = None
    index: Any = None


class _Part(msgspec.Struct, gc=False, forbid_unknown_fields=True, tag="text"):
    text: str


class _Message(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A message of such a shape. The fields that are null are said by clients that replay whole answers."""

    role: Literal["user", "assistant", "tool", "system", "developer"]
    content: str | list[_Part] | None = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None
    refusal: None = None
    function_call: None = None
    audio: None = None


def usual_turn(value: object) -> Turn | None:
    """Give the turn of a message that is of such a shape; None for one that is to be read field by field."""
    try:
        message = msgspec.convert(value, _Message)
        return _turn(message)
    except (ValueError, RecursionError):  # the arguments of a call may be no JSON, too
        return None


def _turn(message: _Message) -> Turn | None:
    if message.role == "assistant" and message.tool_call_id is None:
        return Turn("assistant", (*_words(message), *map(_call, message.tool_calls or ())))
    if message.tool_calls is not None:
        return None
    if message.role == "tool" and message.tool_call_id is not None:
        return Turn("user", (ToolResult(message.tool_call_id, _words(message)),))
    if message.role in {"assistant", "tool"} or message.tool_call_id is not None or message.content is None:
        return None
    return Turn("user" if message.role == "user" else "system", _words(message))


def _words(message: _Message) -> tuple[Text, ...]:
    """Give the words, but for empty ones."""
    said = message.content
    if isinstance(said, str):
        return (Text(said),) if said else ()
    return tuple([Text(part.text) for part in said or () if part.text])


def _call(call: _Call) -> ToolCall:
    said = call.function.arguments or ""
    given = msgspec.json.decode(said, type=dict[str, Any]) if said.strip() else {}
    return ToolCall(call.id, call.function.name, given)
