"""Bytes to server-sent events, in any chunking, without losing a byte.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

MAX_FRAME_BYTES: Final = 32 * 1024 * 1024

_BOM: Final = b"\xef\xbb\xbf"
_LF: Final = 0x0A
_CR: Final = 0x0D

_END: Final = re.compile(rb"\n(?:\n|\r\n|\r(?=[^\n]))|\r\r")
"""The end of a line and the blank line after it. A last CR may be half a CRLF: it waits for a byte."""

_REACH: Final = 3
"""How many bytes before a chunk can belong to an end of frame inside it."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One event or comment block as it stood on the wire.

    `raw`: the exact bytes, the closing blank line included: joined frames are the stream.
    `event`: its `event:` name, "" if none. `data`: its `data:` lines joined with LF, b"" if none
    (a comment or keep-alive).
    """

    raw: bytes
    event: str = ""
    data: bytes = b""


class FrameTooLarge(ValueError):
    """A frame grew over the limit; the stream is not to be read further."""


class Splitter:
    """One stream's bytes -> frames, the same ones however the bytes were chunked.

    A blank line with nothing before it is a frame of its own (some upstreams send one to show life). A frame
    ends with the byte that makes its blank line complete. Two CR in a row are an end at once; an LF after
    them is a blank line more, which says nothing. A byte order mark is part of the first `raw`, of no data.
    """

    __slots__ = ("_fresh", "_held", "_limit", "_prefix", "_size", "_tail")

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._limit = max_frame_bytes
        self._held: list[bytes] = []  # of the frame that is not yet whole
        self._size = 0
        self._tail = b""
        self._prefix = b""  # the byte order mark, until the first frame takes it along
        self._fresh = True

    def feed(self, chunk: bytes) -> list[Frame]:
        """Give the frames that are whole now. Raises FrameTooLarge."""
        buffer = chunk
        if self._held:
            if self._size > _REACH and not _END.search(self._tail + chunk):
                self._hold(chunk)
                return []
            self._held.append(chunk)
            buffer = b"".join(self._held)
            self._held.clear()
        self._size, self._tail = 0, b""
        if self._fresh:
            buffer = self._without_mark(buffer)
        frames, rest = _split_lines(buffer) if _CR in buffer else _split_plain(buffer)
        if frames and self._prefix:
            frames[0] = msgspec.structs.replace(frames[0], raw=self._prefix + frames[0].raw)
            self._prefix = b""
        if len(buffer) > self._limit and any(len(frame.raw) > self._limit for frame in frames):
            raise self._too_large()
        if rest:
            self._hold(rest)
        return frames

    def close(self) -> Frame | None:
        """Give what was left without its blank line, read as a frame; None if nothing was.

        Only the reader can tell whether it is complete: where its JSON is whole, it mostly is.
        """
        rest, prefix = b"".join(self._held), self._prefix
        self._held.clear()
        self._prefix = b""
        if self._fresh and _BOM.startswith(rest):
            rest, prefix = b"", rest
        self._fresh = False
        return _read(rest, prefix) if rest or prefix else None

    def _hold(self, rest: bytes) -> None:
        self._held.append(rest)
        self._size += len(rest)
        self._tail = (self._tail + rest)[-_REACH:]
        if self._size > self._limit:
            raise self._too_large()

    def _without_mark(self, buffer: bytes) -> bytes:
        if buffer.startswith(_BOM):
            self._fresh = False
            self._prefix = _BOM
            return buffer[len(_BOM) :]
        if not _BOM.startswith(buffer):
            self._fresh = False
        return buffer

    def _too_large(self) -> FrameTooLarge:
        return FrameTooLarge(f"a server-sent event is larger than {self._limit} bytes")


def _split_plain(buffer: bytes) -> tuple[list[Frame], bytes]:
    """Split at LF LF; only where there is no CR at all, which is nearly everywhere."""
    frames: list[Frame] = []
    parts = buffer.split(b"\n\n")
    rest = parts.pop()
    for part in parts:
        body = part
        if not part or part[0] == _LF:
            body = _shed_blanks(part, frames)
            if not body:
                frames += (Frame(b"\n"), Frame(b"\n"))
                continue
        frames.append(_read_plain(body))
    return frames, _shed_blanks(rest, frames) if rest else rest


def _shed_blanks(part: bytes, frames: list[Frame]) -> bytes:
    body = part.lstrip(b"\n")
    frames.extend([Frame(b"\n")] * (len(part) - len(body)))
    return body


def _read_plain(body: bytes) -> Frame:
    """Read what stood before LF LF: the two shapes that upstreams send at once, all else line by line."""
    if body.startswith(b"event: "):
        first, _, data = body.partition(b"\ndata: ")
        if data and _LF not in first and _LF not in data:
            return Frame(body + b"\n\n", first[7:].decode("utf-8", "replace"), data)
    elif body.startswith(b"data: ") and _LF not in body:
        return Frame(body + b"\n\n", "", body[6:])
    return _read(body + b"\n\n")


def _split_lines(buffer: bytes) -> tuple[list[Frame], bytes]:
    """Split at blank lines of every kind."""
    frames: list[Frame] = []
    start = cr = 0
    while start < len(buffer):
        if 0 <= cr < start or not start:
            cr = buffer.find(b"\r", start)
        if cr > start and buffer.startswith(b"data: ", start) and buffer.startswith(b"\r\n\r\n", cr):
            data = buffer[start + 6 : cr]
            if b"\n" not in data:  # one line between CRLFs, as Google writes it
                frames.append(Frame(buffer[start : cr + 4], "", data))
                start = cr + 4
                continue
        end = _end_of_frame(buffer, start)
        if end < 0:
            break
        frames.append(_read(buffer[start:end]))
        start = end
    return frames, buffer[start:]


def _end_of_frame(buffer: bytes, start: int) -> int:
    """Give where the frame that begins at `start` ends, -1 if that cannot be told yet."""
    first = buffer[start]
    if first == _LF:
        return start + 1
    if first == _CR:
        if start + 1 == len(buffer):
            return -1
        return start + 2 if buffer[start + 1] == _LF else start + 1
    match = _END.search(buffer, start)
    return match.end() if match else -1


def _read(raw: bytes, prefix: bytes = b"") -> Frame:
    """Read a frame line by line. `prefix` belongs to its raw bytes only."""
    event, data = "", list[bytes]()
    for line in raw.splitlines():  # of bytes: at LF, CR and CRLF only
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
        elif name == b"event":
            event = str(value.removeprefix(b" "), "utf-8", "replace")
    return Frame(prefix + raw, event, b"\n".join(data))
