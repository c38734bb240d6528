"""Taking replayed thoughts out of a request's bytes; every other byte stays.

https://platform.claude.com/docs/en/build-with-claude/extended-thinking
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from peekd.wire.splice import Edit, Span, elements, member, members, removals

_THOUGHTS: Final = {"thinking", "redacted_thinking"}
_CLEARING: Final = "clear_thinking"
"""How the context edits begin that are refused while thinking is off."""


class _Message(msgspec.Struct, gc=False):
    role: Any = None
    content: Any = None


class _Typed(msgspec.Struct, gc=False):
    type: Any = None


class Repair(msgspec.Struct, frozen=True):
    """What to change in a body, and the names of what that changes."""

    edits: tuple[Edit, ...] = ()
    names: tuple[str, ...] = ()


def repair(body: bytes, top: list[Span]) -> Repair:
    """Give the edits that leave out all replayed thoughts.

    `top` are the body's members. A message that had nothing else goes as well: neighbours of one role are
    one turn to the API. Where the last assistant turn waits for the results that the user now brings, a turn
    with thinking enabled would have to begin with a thought: `thinking` goes too then, and with it the
    context edits that are about thinking. Raises ValueError for a body of another shape.
    """
    messages = member(top, "messages")
    spans = elements(body, messages.value, messages.end) if messages is not None else []
    kinds = [msgspec.json.decode(body[span.value : span.end], type=_Message) for span in spans]
    edits: list[Edit] = []
    empty: list[Span] = []
    for span, message in zip(spans, kinds, strict=True):
        if message.role == "assistant":
            within, emptied = _without_thoughts(body, span)
            edits += within
            empty += [span] * emptied
    edits += removals(spans, empty)
    names = ("thinking blocks",) if edits else ()
    if _brings_results(kinds) and _is_enabled(body, top):
        edits += _without_thinking(body, top)
        names = (*names, "thinking")
    return Repair(tuple(edits), names)


def _without_thoughts(body: bytes, message: Span) -> tuple[list[Edit], bool]:
    """Give the edits inside a message, or that it has nothing else."""
    content = member(members(body, message.value, message.end), "content")
    if content is None or not body.startswith(b"[", content.value):
        return [], False
    blocks = elements(body, content.value, content.end)
    thoughts = [block for block in blocks if _type(body, block) in _THOUGHTS]
    if thoughts and len(thoughts) == len(blocks):
        return [], True
    return removals(blocks, thoughts), False


def _brings_results(messages: list[_Message]) -> bool:
    """Tell whether the last user message answers calls of the last assistant message."""
    spoken = [message for message in messages if message.role != "system"]
    if [message.role for message in spoken[-2:]] != ["assistant", "user"]:
        return False
    called, answered = (_kinds(message.content) for message in spoken[-2:])
    return "tool_use" in called and "tool_result" in answered


def _kinds(content: object) -> set[str]:
    blocks = msgspec.convert(content, list[_Typed]) if isinstance(content, list) else []
    return {_word(block.type) for block in blocks}


def _is_enabled(body: bytes, top: list[Span]) -> bool:
    thinking = member(top, "thinking")
    return thinking is not None and _type(body, thinking) == "enabled"


def _without_thinking(body: bytes, top: list[Span]) -> list[Edit]:
    """Take out `thinking`, and of `context_management` the edits that need it, or all of it."""
    gone = [span for span in top if span.key == "thinking"]
    management = member(top, "context_management")
    inside: list[Edit] = []
    if management is not None and body.startswith(b"{", management.value):
        fields = members(body, management.value, management.end)
        listed = member(fields, "edits")
        steps = elements(body, listed.value, listed.end) if listed is not None else []
        clearing = [step for step in steps if _type(body, step).startswith(_CLEARING)]
        if steps and len(clearing) == len(steps) and len(fields) == 1:
            gone.append(management)
        else:
            inside = removals(steps, clearing)
    return [*inside, *removals(top, gone)]


def _type(body: bytes, span: Span) -> str:
    """Give an object's type, "" for whatever else the client wrote there."""
    if not body.startswith(b"{", span.value):
        return ""
    return _word(msgspec.json.decode(body[span.value : span.end], type=_Typed).type)


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
