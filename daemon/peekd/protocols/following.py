"""How a stream that went out as it came is ended, where its last frame is all that one must know."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import Usage
from peekd.wire.sse import Frame

Fail = Callable[[Fault, str], bytes]
EndAtCall = Callable[[bytes, Usage | None], bytes]
"""Gives the frames after the last one's data that end the answer at a tool call."""


class Latest:
    """Notes the last frame with data. `fail` and `end` give the frames that may follow it."""

    __slots__ = ("_end", "_fail", "_last")

    def __init__(self, fail: Fail, end: EndAtCall) -> None:
        self._fail = fail
        self._end = end
        self._last = b""

    def see(self, frame: Frame) -> None:
        """Note a frame that went out; it is read only when the stream has to be ended."""
        self._last = frame.data or self._last

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """Give the frame of error."""
        return self._fail(fault, request_id)

    def end_at_call(self, usage: Usage | None) -> bytes:
        """Give the frames that end the answer as one that waits for a tool's result."""
        return self._end(self._last, usage)


def named_in(data: bytes, names: tuple[str, ...]) -> dict[str, msgspec.Raw]:
    """Give those members of a frame's data; none where it is no object.

    >>> {name: bytes(raw) for name, raw in named_in(b'{"id": "a", "x": 1}', ("id", "model")).items()}
    {'id': b'"a"'}
    """
    try:
        said = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        return {}
    return {name: said[name] for name in names if name in said}
