"""Runs of words: many frames of one shape read together, many texts written together.

What an event costs is calls and objects, far more than bytes: so a stream that comes faster than one by one
is read and written by a few calls of C, whatever the number of its frames.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec

from peekd.vocabulary.events import TextDelta

_lines: Final = msgspec.json.Encoder().encode_lines

T = TypeVar("T")


def documents(
    blocks: Sequence[bytes], before: bytes, opening: bytes, decoder: msgspec.json.Decoder[T]
) -> list[T]:
    """Decode the first of these frames, as many as are `before` and one line of JSON that ends with a brace.

    `opening` takes the place of `before` in what is decoded. The list ends with the first frame that the
    decoder does not take.

    >>> documents([b'data: {"a":1}', b'data: {"a":2}', b'id: 3'], b'data: {', b'{', msgspec.json.Decoder())
    [{'a': 1}, {'a': 2}]
    """
    most = len(blocks)
    while most and not blocks[most - 1].startswith(before):
        most -= 1
    if not most:
        return []
    return _together(blocks[:most], before, opening, decoder) or _one_by_one(blocks, before, opening, decoder)


def _together(
    blocks: Sequence[bytes], before: bytes, opening: bytes, decoder: msgspec.json.Decoder[T]
) -> list[T]:
    """Decode all of them, or none.

    A line that begins with a brace and ends with one can be neither a part of a value nor none at all: so
    there are as many values as lines only where each line is one.
    """
    width = len(before)
    rests = [block[width:-1] for block in blocks]
    if before + (b"}\n" + before).join(rests) + b"}" != b"\n".join(blocks):
        return []
    lines = opening + (b"}\n" + opening).join(rests) + b"}"
    if lines.count(b"\n") >= len(blocks):
        return []
    try:
        found = decoder.decode_lines(lines)
    except (ValueError, RecursionError):
        return []
    return found if len(found) == len(blocks) else []


def _one_by_one(
    blocks: Sequence[bytes], before: bytes, opening: bytes, decoder: msgspec.json.Decoder[T]
) -> list[T]:
    found: list[T] = []
    for block in blocks:
        rest = block[len(before) :]
        if not block.startswith(before) or b"\n" in rest:
            break
        try:
            found.append(decoder.decode(opening + rest))
        except (ValueError, RecursionError):
            break
    return found


def written(before: bytes, texts: Sequence[str], after: bytes) -> bytes:
    r"""Write each of the texts as a JSON string between the two.

    >>> written(b"<", ["a", '"'], b">")
    b'<"a"><"\\"">'
    """
    lines = _lines(texts)  # each with a line end, of which a JSON string holds none
    return before + lines[:-1].replace(b"\n", after + before) + after


def one_by_one(feed: Callable[[TextDelta], bytes], index: int, texts: Sequence[str]) -> bytes:
    """Write them where each frame is another: `feed` writes one."""
    return b"".join([feed(TextDelta(index, text)) for text in texts])
