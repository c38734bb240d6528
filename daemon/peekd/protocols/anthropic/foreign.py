"""Searches that another family's model made, out of a request's bytes: Anthropic reads only its own results.

They stand in a conversation of which earlier turns were translated. Every other byte stays.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from peekd.protocols.anthropic.searching import FOREIGN
from peekd.wire.splice import Edit, Span, applied, elements, member, members, removals

_MARK: Final = FOREIGN.encode()


class _Message(msgspec.Struct, gc=False):
    role: Any = None


class _Block(msgspec.Struct, gc=False):
    id: Any = None
    tool_use_id: Any = None


_blocks: Final = msgspec.json.Decoder(_Block)


def without_foreign_searches(body: bytes) -> bytes:
    """Give the body without calls and results that bear our mark; the same bytes where there are none.

    A message that had nothing else goes as well. Raises ValueError for a body of another shape.
    """
    if _MARK not in body:
        return body
    messages = member(members(body), "messages")
    spans = elements(body, messages.value, messages.end) if messages is not None else []
    edits: list[Edit] = []
    empty: list[Span] = []
    for span in spans:
        if msgspec.json.decode(body[span.value : span.end], type=_Message).role == "assistant":
            within, emptied = _without_searches(body, span)
            edits += within
            empty += [span] * emptied
    return applied(body, [*edits, *removals(spans, empty)]) if edits or empty else body


def _without_searches(body: bytes, message: Span) -> tuple[list[Edit], bool]:
    """Give the edits inside a message, or that it has nothing else."""
    content = member(members(body, message.value, message.end), "content")
    if content is None or not body.startswith(b"[", content.value):
        return [], False
    spans = elements(body, content.value, content.end)
    gone = [span for span in spans if _is_foreign(_blocks.decode(body[span.value : span.end]))]
    if gone and len(gone) == len(spans):
        return [], True
    return removals(spans, gone), False


def _is_foreign(block: _Block) -> bool:
    return any(isinstance(name, str) and name.startswith(FOREIGN) for name in (block.id, block.tool_use_id))
