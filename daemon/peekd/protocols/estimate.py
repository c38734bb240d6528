"""How many tokens a conversation is, by a local rule: for where no upstream can be asked to count.

A rule of thumb and not a tokenizer. Text is weighed by the kind of its characters. The weights are the least
squares of relative errors over some 200 texts (requests of agents, prose, code, JSON, settings), against the
mean of OpenAI's o200k_base and the last tokenizer of Claude's that was published; `./dev tokens` measures how
far off they are. JSON is counted as the text it is sent as. Signatures are not counted.
"""

from __future__ import annotations

import base64
import binascii
import math
import string
from typing import Final

import msgspec

from peekd.vocabulary.conversation import (
    Conversation,
    Media,
    Part,
    RedactedThinking,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)

_LETTER: Final = 0.2
"""A letter of any alphabet, and what has no weight of its own."""
_DIGIT: Final = 1.0
_SPACE: Final = 0.24
_NEWLINE: Final = 0.6
_MARK: Final = 0.5
"""Punctuation and other signs of ASCII."""
_EXTRA_BYTE: Final = 0.35
"""Each byte that UTF-8 has beyond one a character: 0.55 for a Greek letter, 0.9 for a Chinese character."""

_LETTERS: Final = string.ascii_letters.encode() + bytes(range(128, 256))
"""Bytes beyond ASCII go with letters: they are weighed by their number."""
_DIGITS: Final = b"0123456789"
_CHARACTERS: Final = 4.0
"""Characters a token, of text that is not looked into."""

_TURN: Final = 4.0
"""A turn's own marks."""
_CALL: Final = 8.0
"""The marks around a tool, a call or a result."""

_PICTURE: Final = 1_500.0
"""A picture whose size cannot be read: about the most that a large one comes to after scaling."""
_PIXELS: Final = 750.0
"""Pixels a token (https://docs.claude.com/en/docs/build-with-claude/vision)."""
_LARGEST: Final = 1_600.0
_SMALLEST: Final = 10.0

_DOCUMENT: Final = 1_500.0
"""The least a document counts: one page."""
_DOCUMENT_BYTES: Final = 25.0
"""Bytes a token in a PDF or another binary document."""

_MARKER: Final = 0xFF
_FRAME_HEADERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG: what every marker begins with, and the markers that tell a picture's size (ITU-T T.81, B.1.1.3)."""

_HEAD: Final = 4 * 65_536
"""How much base64 of a picture is looked at for its size."""


def estimate_prompt(conversation: Conversation) -> int:
    """Give the estimated tokens of all that is sent: at least 1, and never less for more."""
    total = sum(_text(words) for words in conversation.system)
    total += sum(_TURN + sum(_part(part) for part in turn.parts) for turn in conversation.turns)
    for tool in conversation.tools:
        total += _CALL + _text(tool.name) + _text(tool.description) + _json(tool.parameters)
    if conversation.output_schema is not None:
        total += _json(conversation.output_schema)
    return max(1, math.ceil(total))


def _part(part: Part) -> float:
    match part:
        case Text() | Thinking():
            return _text(part.text)
        case RedactedThinking():
            return _text(part.data)
        case Media():
            return _media(part)
        case ToolCall():
            return _CALL + _text(part.name) + _json(part.arguments)
        case ToolResult():
            return _CALL + sum(_part(piece) for piece in part.content)


def _text(words: str) -> float:
    return _weight(words.encode(errors="surrogatepass"), len(words))


def _json(value: object) -> float:
    said = msgspec.json.encode(value)
    return _weight(said, len(said) if said.isascii() else len(said.decode()))


def _weight(said: bytes, characters: int) -> float:
    """Weigh UTF-8 of so many characters. Letters go first: the passes over what is left are short."""
    rest = said.translate(None, _LETTERS)
    marks = rest.translate(None, _DIGITS)
    spaces, newlines = marks.count(b" "), marks.count(b"\n")
    return (
        (characters - len(rest)) * _LETTER
        + (len(rest) - len(marks)) * _DIGIT
        + spaces * _SPACE
        + newlines * _NEWLINE
        + (len(marks) - spaces - newlines) * _MARK
        + (len(said) - characters) * _EXTRA_BYTE
    )


def _media(media: Media) -> float:
    size = len(media.data) * 3 / 4
    if media.media_type.startswith("text/"):
        return size / _CHARACTERS + _text(media.title)
    if media.media_type.startswith("image/") or media.url:
        pixels = _picture_size(media.data)
        return _PICTURE if pixels is None else min(max(pixels / _PIXELS, _SMALLEST), _LARGEST)
    return max(_DOCUMENT, size / _DOCUMENT_BYTES) + _text(media.title)


# ---- the size of a picture, from its first bytes -------------------------------------------------


def _picture_size(data: str) -> int | None:
    """Give width times height of a PNG or JPEG, None for what cannot be read."""
    head = data[: min(len(data), _HEAD) // 4 * 4]
    try:
        raw = base64.b64decode(head)
    except (binascii.Error, ValueError):
        return None
    if raw.startswith(b"\x89PNG\r\n\x1a\n") and raw[12:16] == b"IHDR":
        return _figure(raw, 16, 4) * _figure(raw, 20, 4) or None
    return _jpeg_size(raw) if raw.startswith(b"\xff\xd8") else None


def _jpeg_size(raw: bytes) -> int | None:
    """Walk the segments to the frame header (ITU-T T.81, B.2.2)."""
    place = 2
    while place + 9 <= len(raw) and raw[place] == _MARKER:
        kind = raw[place + 1]
        if kind in _FRAME_HEADERS:
            return _figure(raw, place + 5, 2) * _figure(raw, place + 7, 2) or None
        place += 2 + _figure(raw, place + 2, 2)
    return None


def _figure(raw: bytes, place: int, width: int) -> int:
    return int.from_bytes(raw[place : place + width])
