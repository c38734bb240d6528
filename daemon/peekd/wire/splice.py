"""Changes inside JSON text that leave every other byte as it is: where members stand, and edits of spans.

For text that is known to be JSON. Values are measured by msgspec without being built, so a large body costs
next to nothing; only where a key stands twice is a value measured by pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_KEY: Final = re.compile(
    rb'[ \t\r\n]*+,?+[ \t\r\n]*+("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*+:[ \t\r\n]*+', re.DOTALL
)
"""What stands before a member's value, and after the one before; only at an object's end there is none."""

_SCALAR: Final = re.compile(rb"[^\s,\]}]+")
_RUN: Final = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
"""All that is neither a bracket nor, as part of a string, could be taken for one."""

_key: Final = msgspec.json.Decoder(str)
_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array: Final = msgspec.json.Decoder(list[msgspec.Raw])


class Span(msgspec.Struct, frozen=True, gc=False):
    """One member of an object or element of an array. `begin`: its key, for an element its value.

    `value` to `end` is the value without the space around it; `key` is "" for an element.
    """

    begin: int
    value: int
    end: int
    key: str = ""


class Edit(msgspec.Struct, frozen=True, gc=False):
    """Put `text` in place of the bytes from `begin` to `end`."""

    begin: int
    end: int
    text: bytes = b""


def members(body: bytes, begin: int = 0, end: int | None = None) -> list[Span]:
    """Give the members of the object in `body[begin:end]`, in order, a repeated key each time.

    Raises ValueError where there is no object.
    """
    at, values = _enter(body, begin, end, b"{"), _object.decode(memoryview(body)[begin:end])
    spans: list[Span] = []
    while (entry := _KEY.match(body, at)) is not None:
        key, value = _key.decode(entry[1]), entry.end()
        at = _end_of_value(body, value, values[key])
        spans.append(Span(entry.start(1), value, at, key))
    return spans


def elements(body: bytes, begin: int = 0, end: int | None = None) -> list[Span]:
    """Give the elements of the array in `body[begin:end]`. Raises ValueError where there is no array."""
    at, values = _enter(body, begin, end, b"["), _array.decode(memoryview(body)[begin:end])
    spans: list[Span] = []
    for value in values:
        stop = at + len(memoryview(value))
        spans.append(Span(at, at, stop))
        at = _next(body, stop)
    return spans


def member(spans: Iterable[Span], key: str) -> Span | None:
    """Give the member of that name; of several the last, which is the one that readers take."""
    return next((span for span in reversed(list(spans)) if span.key == key), None)


def removals(spans: Sequence[Span], gone: Iterable[Span]) -> list[Edit]:
    """Take neighbours `gone` out of `spans` (all of one object or array), each with one comma."""
    places = {id(span) for span in gone}
    kept = [span for span in spans if id(span) not in places]
    if not kept:
        return [Edit(spans[0].begin, spans[-1].end)] if spans else []
    first = kept[0]
    edits = [Edit(spans[0].begin, first.begin)] if first is not spans[0] else []
    last_kept = first
    for span in spans[spans.index(first) + 1 :]:
        if id(span) in places:
            edits.append(Edit(last_kept.end, span.end))
        last_kept = span
    return edits


def applied(body: bytes, edits: Iterable[Edit]) -> bytes:
    """Give the text with the edits made; they may stand in any order but not overlap."""
    pieces: list[bytes] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: edit.begin):
        pieces += (body[at : edit.begin], edit.text)
        at = edit.end
    return b"".join([*pieces, body[at:]])


def _enter(body: bytes, begin: int, end: int | None, bracket: bytes) -> int:
    at = _skip(body, begin)
    if not body.startswith(bracket, at, end):
        raise ValueError("not a JSON object" if bracket == b"{" else "not a JSON array")
    return _skip(body, at + 1)


def _skip(body: bytes, at: int) -> int:
    match = _SPACE.match(body, at)
    return match.end() if match else at


def _next(body: bytes, at: int) -> int:
    """Give where the next entry, or the closing bracket, begins."""
    at = _skip(body, at)
    return _skip(body, at + 1) if body.startswith(b",", at) else at


def _end_of_value(body: bytes, at: int, known: msgspec.Raw) -> int:
    """Give where the value ends. `known` is its key's last value: this one, unless the key is repeated."""
    view = memoryview(known)
    end = at + len(view)
    if body.startswith(view, at) and body.startswith((b",", b"}"), _skip(body, end)):
        return end
    return _measured(body, at)


def _measured(body: bytes, at: int) -> int:
    if body[at : at + 1] not in {b"{", b"["}:
        match = _STRING.match(body, at) or _SCALAR.match(body, at)
        return match.end() if match else at
    depth = 0
    while True:
        match = _RUN.match(body, at)
        at = match.end() if match else at
        depth += 1 if body[at : at + 1] in {b"{", b"["} else -1
        at += 1
        if not depth:
            return at
