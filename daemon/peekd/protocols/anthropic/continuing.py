"""An answer that goes on: the words it began with stand as the assistant's turn at the end of the request.

Messages take the beginning of an answer as a last turn of the assistant's ("prefill"), and answer with what
comes after it. Models that do not (Claude 4.6 and later) refuse such a request with 400.
https://platform.claude.com/docs/en/build-with-claude/streaming, "Error recovery"
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from peekd.protocols.interface import Continues
from peekd.wire.splice import Edit, Span, elements, member, members


class _Message(msgspec.Struct, gc=False):
    role: Any = None


def begun_edits(body: bytes, top: list[Span], begun: str) -> list[Edit]:
    """Give the edits that end the messages with these words of the assistant's; none where there are none.

    A client that began the answer itself has its own words before them. Raises ValueError for a body of
    another shape.
    """
    messages = member(top, "messages") if begun else None
    spans = elements(body, messages.value, messages.end) if messages is not None else []
    if not spans:
        return []
    last = spans[-1]
    if msgspec.json.decode(body[last.value : last.end], type=_Message).role != "assistant":
        turn = msgspec.json.encode({"role": "assistant", "content": begun})
        return [Edit(last.end, last.end, b"," + turn)]
    content = member(members(body, last.value, last.end), "content")
    return [] if content is None else [_joined(body, content, begun)]


def _joined(body: bytes, content: Span, begun: str) -> Edit:
    """Put the words behind those that a turn holds already."""
    block = msgspec.json.encode({"type": "text", "text": begun})
    raw = body[content.value : content.end]
    if raw.startswith(b"["):
        blocks = elements(body, content.value, content.end)
        at = blocks[-1].end if blocks else content.value + 1
        return Edit(at, at, (b"," if blocks else b"") + block)
    return Edit(content.value, content.end, b'[{"type":"text","text":%b},%b]' % (raw, block))


class _Frames:
    """The first block of an answer is the one that goes on."""

    def encode_more(self, text: str) -> bytes:
        """Give a text delta."""
        return _frame("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": text}})

    def encode_stop(self) -> bytes:
        """Give the block's end."""
        return _frame("content_block_stop", {"index": 0})


def _frame(kind: str, said: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode({"type": kind, **said}))


CONTINUES: Final[Continues] = _Frames()
