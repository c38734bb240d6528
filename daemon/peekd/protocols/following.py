"""How a stream ends with an error in the protocols where that asks for no knowledge of what went before."""

from __future__ import annotations

from collections.abc import Callable

from peekd.vocabulary.errors import Fault
from peekd.wire.sse import Frame


class Forgetful:
    """Notes nothing: one frame of error ends every stream alike; `encode` gives it."""

    def __init__(self, encode: Callable[[Fault, str], bytes]) -> None:
        self._encode = encode

    def see(self, frame: Frame) -> None:
        """Note nothing."""

    def fail(self, fault: Fault, request_id: str) -> bytes:
        """Give the frame of error."""
        return self._encode(fault, request_id)
