"""The body of a stream as most protocols have it: server-sent events, frame after frame."""

from __future__ import annotations


class EventStream:
    """Frames stand in the body as they are."""

    content_type: str = "text/event-stream; charset=utf-8"

    def wrap(self, frames: bytes) -> bytes:
        """Give the frames."""
        return frames

    def close(self) -> bytes:
        """Give nothing: the body ends with its last frame."""
        return b""
