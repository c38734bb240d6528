"""The recovery note in a request's bytes, where an operator wants one."""

from __future__ import annotations

from typing import Any

import msgspec

from peekd.protocols.interface import Splices
from peekd.wire.splice import Edit, Span, elements, member, members


class _Message(msgspec.Struct, gc=False):
    role: Any = None


def noted(body: bytes, top: list[Span], splices: Splices) -> list[Edit]:
    """Give the edits that end the user's last words with the note; none where there is no note.

    Where the user brings results they stay as they are: a closing turn is put behind them, and the note is
    the user's answer to that. Raises ValueError for a body of another shape.
    """
    messages = member(top, "messages") if splices.note else None
    spans = elements(body, messages.value, messages.end) if messages is not None else []
    if not spans or msgspec.json.decode(body[spans[-1].value : spans[-1].end], type=_Message).role != "user":
        return []
    last = spans[-1]
    content = member(members(body, last.value, last.end), "content")
    if content is None:
        return []
    raw = body[content.value : content.end]
    if b'"tool_result"' in raw:
        closing = {"role": "assistant", "content": splices.closing}
        added = b",%b,%b" % (_json(closing), _json({"role": "user", "content": splices.note}))
        return [Edit(last.end, last.end, added)]
    if raw.startswith(b"["):
        block = _json({"type": "text", "text": splices.note})
        blocks = elements(body, content.value, content.end)
        at = blocks[-1].end if blocks else content.value + 1
        return [Edit(at, at, (b"," if blocks else b"") + block)]
    words = msgspec.json.decode(raw, type=str)
    return [Edit(content.value, content.end, _json(f"{words}\n\n{splices.note}"))]


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)
