"""An unstreamed message, as the frames that a stream of it would have. The way back is `collect`.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from peekd.protocols.anthropic.decode import without_lone_surrogates
from peekd.wire.sse import Frame

_Fields = dict[str, msgspec.Raw]
"""A JSON object whose values stay as they were written, blanks between them left out."""

_NULL: Final = msgspec.Raw(b"null")
_EMPTY: Final = msgspec.Raw(b'""')
_NONE: Final = msgspec.Raw(b"[]")
_NO_INPUT: Final = msgspec.Raw(b"{}")

_fields: Final = msgspec.json.Decoder(_Fields)
_lists: Final = msgspec.json.Decoder(list[msgspec.Raw])
_blocks: Final = msgspec.json.Decoder(list[_Fields])

_LATE: Final = ("stop_reason", "stop_sequence")
"""What a stream tells only at its end."""


def decode_whole(body: bytes) -> list[Frame]:
    """Give the frames; none where the body is no message. Total.

    Nothing is added: a message without a reason to stop gives a stream without one.
    """
    try:
        message = _fields.decode(_compact(body))
        blocks = _blocks.decode(message["content"])
        return [*_frames(message, blocks)]
    except (ValueError, KeyError, RecursionError):
        return []


def _compact(body: bytes) -> bytes:
    """Give the JSON without line ends, since a frame's data is one line."""
    try:
        return msgspec.json.format(body, indent=-1)
    except msgspec.DecodeError:
        return msgspec.json.format(without_lone_surrogates(body), indent=-1)


def _frames(message: _Fields, blocks: list[_Fields]) -> Iterator[Frame]:
    start = message | {"content": _NONE} | {name: _NULL for name in _LATE if name in message}
    yield _frame("message_start", message=start)
    for index, block in enumerate(blocks):
        opening, deltas = _opened(block)
        yield _frame("content_block_start", index=index, content_block=opening)
        for kind, name, value in deltas:
            yield _frame("content_block_delta", index=index, delta={"type": kind, name: value})
        yield _frame("content_block_stop", index=index)
    yield _last_words(message)
    yield _frame("message_stop")


def _last_words(message: _Fields) -> Frame:
    """Say what a stream says in message_delta; those who fold one take these fields from there."""
    delta = {name: message[name] for name in (*_LATE, "container") if name in message}
    rest = {name: message[name] for name in ("context_management", "usage") if name in message}
    return _frame("message_delta", delta=delta, **rest)


def _opened(block: _Fields) -> tuple[_Fields, list[tuple[str, str, object]]]:
    """Empty what comes by deltas, and give those: kind, field, value.

    Clients begin a text, a thought or a tool's input anew from its deltas, whatever its opening says. A block
    of any other kind comes whole in its opening.
    """
    kind = msgspec.json.decode(block["type"], type=str)
    deltas: list[tuple[str, str, object]] = []
    empty: _Fields = {}
    if kind == "text":
        if block.get("citations", _NULL) != _NULL:
            cited = _lists.decode(block["citations"])
            deltas += [("citations_delta", "citation", citation) for citation in cited]
            empty["citations"] = _NONE
        deltas.append(("text_delta", "text", block["text"]))
        empty["text"] = _EMPTY
    elif kind == "thinking":
        empty = {name: _EMPTY for name in ("thinking", "signature") if name in block}
        deltas += [(f"{name}_delta", name, block[name]) for name in empty if block[name] != _EMPTY]
    elif kind.endswith("tool_use") and "input" in block:
        deltas.append(("input_json_delta", "partial_json", bytes(block["input"]).decode()))
        empty["input"] = _NO_INPUT
    return block | empty, deltas


def _frame(kind: str, **said: object) -> Frame:
    data = msgspec.json.encode({"type": kind, **said})
    return Frame(b"event: %b\ndata: %b\n\n" % (kind.encode(), data), kind, data)
