"""Taking replayed thoughts out of a request's bytes; every other byte stays.

All of them after a refusal; else only those that must not go to this API: another family's, which lie in our
own carriers or are not signed at all, and those that it refused before.

https://platform.claude.com/docs/en/build-with-claude/extended-thinking
"""

from __future__ import annotations

from itertools import takewhile
from typing import Any, Final

import msgspec

from peekd.protocols.interface import Splices
from peekd.signatures.proofs import proof_digest
from peekd.signatures.seal import is_carrier
from peekd.wire.splice import Edit, Span, elements, member, members, removals

_THOUGHTS: Final = {"thinking", "redacted_thinking"}
_CARRIER: Final = b"peekd1."
_SIGNATURE: Final = b'"signature"'
_UNSIGNED: Final = (b'"signature":""', b'"signature": ""')

_CLEARING: Final = "clear_thinking"
"""How the context edits begin that are refused while thinking is off."""


class _Message(msgspec.Struct, gc=False):
    role: Any = None
    content: Any = None


class _Typed(msgspec.Struct, gc=False):
    type: Any = None
    signature: Any = None
    data: Any = None


class Repair(msgspec.Struct, frozen=True):
    """What to change in a body, and the names of what that changes."""

    edits: tuple[Edit, ...] = ()
    names: tuple[str, ...] = ()


def has_strange(body: bytes, *, ours: bool) -> bool:
    """Tell whether a body may replay a carrier, or a thought that nobody signed. `ours`: our name is in it.

    To look for one mark in a large body takes longer than to skip through its JSON, so it is asked first for
    what several have in common.
    """
    if ours and _CARRIER in body:
        return True
    return _SIGNATURE in body and any(mark in body for mark in _UNSIGNED)


def repair(body: bytes, top: list[Span], splices: Splices) -> Repair:
    """Give the edits that leave out replayed thoughts: all of them, or those that no one here may be sent.

    `top` are the body's members. Of a message all thoughts go or none: part of them would be refused. A
    message that had nothing else goes as well: neighbours of one role are one turn to the API. Where the last
    assistant turn waits for the results that the user now brings, and does not begin with a thought any more,
    it would be refused with thinking enabled: `thinking` goes too then, for this one answer, and with it the
    context edits that are about thinking. Raises ValueError for a body of another shape.
    """
    messages = member(top, "messages")
    spans = elements(body, messages.value, messages.end) if messages is not None else []
    kinds = [msgspec.json.decode(body[span.value : span.end], type=_Message) for span in spans]
    edits: list[Edit] = []
    empty: list[Span] = []
    for span, message in zip(spans, kinds, strict=True):
        if message.role == "assistant":
            within, emptied = _without_thoughts(body, span, splices)
            edits += within
            empty += [span] * emptied
    edits += removals(spans, empty)
    names: tuple[str, ...] = ()
    if edits:
        names = ("thinking blocks",) if splices.repaired else ("thinking of others",)
    touched = bool(edits) or splices.repaired or splices.careful
    gone = {span.value for span in empty}
    said = [kind for span, kind in zip(spans, kinds, strict=True) if span.value not in gone]
    if touched and _brings_results(said, splices) and _is_enabled(body, top):
        edits += _without_thinking(body, top)
        names = (*names, "thinking")
    return Repair(tuple(edits), names)


def _without_thoughts(body: bytes, message: Span, splices: Splices) -> tuple[list[Edit], bool]:
    """Give the edits inside a message, or that it has nothing else."""
    content = member(members(body, message.value, message.end), "content")
    if content is None or not body.startswith(b"[", content.value):
        return [], False
    blocks = elements(body, content.value, content.end)
    typed = [(block, _typed(body, block)) for block in blocks]
    thoughts = [(block, kind) for block, kind in typed if _is_thought(kind)]
    if not any(_goes(kind, splices) for _, kind in thoughts):
        return [], False
    if len(thoughts) == len(blocks):
        return [], True
    return removals(blocks, [block for block, _ in thoughts]), False


def _is_thought(block: _Typed) -> bool:
    return _word(block.type) in _THOUGHTS


def _goes(thought: _Typed, splices: Splices) -> bool:
    """Tell whether a thought is to be left out: one that nobody signed is as little use as a stranger's."""
    proof = str((thought.data if thought.type == "redacted_thinking" else thought.signature) or "")
    unreadable = splices.unreadable and proof_digest(proof) in splices.unreadable
    return splices.repaired or not proof or is_carrier(proof) or bool(unreadable)


def _brings_results(messages: list[_Message], splices: Splices) -> bool:
    """Tell whether the last user messages, one turn to the API, answer one that begins without a thought."""
    spoken = [message for message in messages if message.role != "system"]
    last = list(takewhile(lambda message: message.role == "user", reversed(spoken)))
    before = spoken[: len(spoken) - len(last)]
    if not last or not before:
        return False
    called = _blocks(before[-1].content)
    answered = [block for message in last for block in _blocks(message.content)]
    kinds = {_word(block.type) for block in called}
    if "tool_use" not in kinds or all(block.type != "tool_result" for block in answered):
        return False
    thoughts = [block for block in called if _is_thought(block)]
    left = not any(_goes(block, splices) for block in thoughts)
    return not (left and _is_thought(called[0]))


def _blocks(content: object) -> list[_Typed]:
    return msgspec.convert(content, list[_Typed]) if isinstance(content, list) else []


def _is_enabled(body: bytes, top: list[Span]) -> bool:
    thinking = member(top, "thinking")
    return thinking is not None and _typed(body, thinking).type == "enabled"


def _without_thinking(body: bytes, top: list[Span]) -> list[Edit]:
    """Take out `thinking`, and of `context_management` the edits that need it, or all of it."""
    gone = [span for span in top if span.key == "thinking"]
    management = member(top, "context_management")
    inside: list[Edit] = []
    if management is not None and body.startswith(b"{", management.value):
        fields = members(body, management.value, management.end)
        listed = member(fields, "edits")
        steps = elements(body, listed.value, listed.end) if listed is not None else []
        clearing = [step for step in steps if _word(_typed(body, step).type).startswith(_CLEARING)]
        if steps and len(clearing) == len(steps) and len(fields) == 1:
            gone.append(management)
        else:
            inside = removals(steps, clearing)
    return [*inside, *removals(top, gone)]


def _typed(body: bytes, span: Span) -> _Typed:
    """Give what an object says of itself; nothing of whatever else the client wrote there."""
    if not body.startswith(b"{", span.value):
        return _Typed()
    return msgspec.json.decode(body[span.value : span.end], type=_Typed)


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
