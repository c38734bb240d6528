"""Bytes to server-sent events, in any chunking, without losing a byte.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import re
from collections.abc import Iterable
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
    """A frame grew over the limit; the stream is not to be read further, and what waited of it is gone."""


class Splitter:
    """One stream's bytes -> frames, the same ones however the bytes were chunked.

    A blank line with nothing before it is a frame of its own (some upstreams send one to show life). A frame
    ends with the byte that makes its blank line complete. Two CR in a row are an end at once; an LF after
    them is a blank line more, which says nothing. A byte order mark is part of the first `raw`, of no data.
    """

    __slots__ = ("_blocks", "_end", "_frames", "_fresh", "_held", "_limit", "_prefix", "_size", "_tail")

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._limit = max_frame_bytes
        self._frames: list[Frame] = []  # whole and not taken, the last first
        self._blocks: list[bytes] = []  # what follows them, likewise: unread, without blank lines
        self._end = b"\n"  # of the lines in them
        self._held: list[bytes] = []  # of the frame that is not yet whole
        self._size = 0
        self._tail = b""
        self._prefix = b""  # the byte order mark, until the first frame takes it along
        self._fresh = True

    def feed(self, chunk: bytes) -> list[Frame]:
        """Give the frames that are whole now. Raises FrameTooLarge."""
        self.put(chunk)
        return self._rest()

    def put(self, chunk: bytes) -> bool:
        """Take bytes in; what of them is whole waits to be taken. Raises FrameTooLarge.

        Gives whether several frames are `ahead`: from two on it pays to read them together.
        """
        buffer = self._joined(chunk) if self._held else chunk
        if self._fresh:
            buffer = self._without_mark(buffer)
        if not buffer:
            return False
        if self._blocks:
            self._frames = self._rest()[::-1]
        end = b"\n" if _CR not in buffer else _line_end(buffer)
        if end:
            self._end = end
            self._blocks = blocks = buffer.split(end + end)
            rest = blocks.pop()
            blocks.reverse()
        else:
            rest = self._split(buffer)
        if rest or len(buffer) > self._limit:
            self._keep(rest, buffer)
        return len(self._blocks) > 1

    def take(self) -> Frame | None:
        """Give the next frame that is whole, None where there is none."""
        if self._frames:
            frame = self._frames.pop()
        elif self._blocks:
            block = self._blocks.pop()
            blank = not block or block.startswith(self._end)
            frame = self._read_blank(block) if blank else _read_plain(block, self._end)
        else:
            return None
        if self._prefix:
            frame = msgspec.structs.replace(frame, raw=self._prefix + frame.raw)
            self._prefix = b""
        return frame

    def give(self, frames: Iterable[Frame]) -> None:
        """Put frames behind those that wait to be taken."""
        self._frames = [*self._rest(), *frames][::-1]

    @property
    def waits(self) -> bool:
        """Whether a frame that is whole waits to be taken."""
        return bool(self._frames or self._blocks)

    def ahead(self) -> list[bytes]:
        """Give the next frames as they stand, each without its blank line.

        None where one is read before: what was put there, or stands behind a byte order mark.
        """
        return [] if self._frames or self._prefix else self._blocks[::-1]

    def skip(self, number: int) -> tuple[bytes, Frame]:
        """Take so many of what is `ahead`, one at least: gives the bytes of all, and the last as a frame."""
        blocks = self._blocks[: -number - 1 : -1]
        del self._blocks[-number:]
        blank = self._end * 2
        return blank.join(blocks) + blank, _read_plain(blocks[-1], self._end)

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

    def _rest(self) -> list[Frame]:
        frames: list[Frame] = []
        while (frame := self.take()) is not None:
            frames.append(frame)
        return frames

    def _joined(self, chunk: bytes) -> bytes:
        """Give what was held with what follows it; b"" where that makes nothing whole, and is held too."""
        if self._size > _REACH and not _END.search(self._tail + chunk):
            self._hold(chunk)
            return b""
        buffer = b"".join([*self._held, chunk])
        self._held.clear()
        self._size, self._tail = 0, b""
        return buffer

    def _split(self, buffer: bytes) -> bytes:
        """Take apart what is whole, where lines do not end alike; gives the rest."""
        frames, rest = _split_lines(buffer)
        self._frames[:0] = reversed(frames)
        return rest

    def _keep(self, rest: bytes, buffer: bytes) -> None:
        """Hold what is not whole yet; a blank line it begins with is. `buffer`: all that came with it."""
        if rest.startswith(self._end):  # never what `_split` gives
            self._frames = [*self._rest(), Frame(self._end)][::-1]
            rest = rest[len(self._end) :]
        if len(buffer) > self._limit:
            self._check()
        if rest:
            self._hold(rest)

    def _read_blank(self, block: bytes) -> Frame:
        """Read the first of the blank lines that stand before a block; the others wait, and it does."""
        end = self._end
        if block:
            self._blocks.append(block[len(end) :])
        else:
            self._frames.append(Frame(end))
        return Frame(end)

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

    def _check(self) -> None:
        self.give(())
        if any(len(frame.raw) > self._limit for frame in self._frames):
            raise self._too_large()

    def _too_large(self) -> FrameTooLarge:
        self._frames, self._blocks = [], []
        return FrameTooLarge(f"a server-sent event is larger than {self._limit} bytes")


def _line_end(buffer: bytes) -> bytes:
    """Give what all lines end with, of which some hold a CR: CRLF, or b"" where they are not all alike."""
    pairs = buffer.count(b"\r\n")
    return b"\r\n" if buffer.count(b"\r") == pairs == buffer.count(b"\n") else b""


def _read_plain(body: bytes, end: bytes) -> Frame:
    """Read what stood before a blank line: the two shapes that upstreams send at once, all else by line."""
    if body.startswith(b"event: "):
        first, _, data = body.partition(end + b"data: ")
        if data and _LF not in first and _LF not in data:
            return Frame(body + end + end, first[7:].decode("utf-8", "replace"), data)
    elif body.startswith(b"data: ") and _LF not in body:
        return Frame(body + end + end, "", body[6:])
    return _read(body + end + end)


def _split_lines(buffer: bytes) -> tuple[list[Frame], bytes]:
    """Split at blank lines of every kind."""
    frames: list[Frame] = []
    start = 0
    while start < len(buffer):
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
