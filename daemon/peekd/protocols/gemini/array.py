"""A stream as one JSON array, chunk by chunk: what Google's API gives where no events are asked for."""

from __future__ import annotations

from peekd.wire.sse import Splitter

LINE = b"\n"
"""A keep-alive: space between elements, and a blank line between events."""


class JsonArray:
    """Each frame's data becomes an element."""

    content_type: str = "application/json; charset=UTF-8"

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._begun = False

    def wrap(self, frames: bytes) -> bytes:
        """Give the elements for whole frames; for one that says nothing, a line."""
        return b"".join(self._element(frame.data.strip()) for frame in self._splitter.feed(frames))

    def close(self) -> bytes:
        """Give the end of the array."""
        return b"]" if self._begun else b"[]"

    def _element(self, data: bytes) -> bytes:
        if not data or data == b"[DONE]":
            return LINE
        opening = b",\n" if self._begun else b"["
        self._begun = True
        return opening + data + LINE
