"""A stream of a response's events, folded into the response of an unstreamed request: its last frame's.

https://platform.openai.com/docs/api-reference/responses/object
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from peekd.protocols.interface import Unfoldable
from peekd.protocols.openai_responses.done import Done
from peekd.wire.sse import Frame

_ENDS: Final = {"response.completed", "response.incomplete"}
_FAILED: Final = "response.failed"
_DONE: Final = "response.output_item.done"


class _Said(msgspec.Struct, gc=False):
    type: str = ""
    output_index: int | None = None
    item: msgspec.Raw = msgspec.Raw(b"")
    response: msgspec.Raw = msgspec.Raw(b"")


_frames: Final = msgspec.json.Decoder(_Said)


class ResponsesCollector:
    """Folds the upstream's own frames as well as ours: the response goes out as the terminal has it.

    Some servers leave its output empty; then the items that were done stand in it.
    """

    def __init__(self) -> None:
        self._response = b""
        self._done = Done()
        self._pieces = False

    def feed(self, frame: Frame) -> None:
        """Fold one frame in. Raises Unfoldable."""
        data = frame.data.strip()
        if not data or data == b"[DONE]":
            return
        try:
            said = _frames.decode(data)
        except (ValueError, RecursionError) as fault:
            raise Unfoldable(f"a frame that is no event of a response: {fault}") from fault
        if said.type == _DONE:
            self._done.add(said.output_index, said.item)
        elif said.type in _ENDS:
            self._end(bytes(said.response))
        elif said.type == _FAILED:
            # Whoever reads the events has seen it, and asks for no result.
            self._response = bytes(said.response)
        self._pieces = self._pieces or said.type.endswith(".delta")

    def result(self) -> bytes:
        """Give the response as JSON."""
        return self._response

    def _end(self, response: bytes) -> None:
        try:
            said = msgspec.json.decode(response, type=dict[str, msgspec.Raw])
            output = msgspec.json.decode(said.get("output", b"[]"), type=list[Any] | None)
        except (ValueError, RecursionError) as fault:
            raise Unfoldable(f"a last frame without its response: {fault}") from fault
        self._response = response
        if output:
            return
        items = self._done.items
        if self._pieces and not items:
            raise Unfoldable("an answer in pieces alone, which no item holds whole")
        if items:
            self._response = msgspec.json.encode({**said, "output": items})
