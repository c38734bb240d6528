"""The output items of a response while they are told: their places, their ids, and which are whole.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from typing import Any

from peekd.protocols.interface import Ids
from peekd.protocols.openai_responses.response import Stream

Json = dict[str, Any]


class Output:
    """Gives items their places in the order in which they begin."""

    def __init__(self, stream: Stream, ids: Ids) -> None:
        self.stream = stream
        self._ids = ids
        self._begun = 0
        self._whole: dict[int, Json] = {}

    def open(self, prefix: str, kind: str) -> Slot:
        """Take the next place for an item of this kind."""
        slot = Slot(self, self._begun, self._ids(prefix), kind)
        self._begun += 1
        return slot

    def keep(self, place: int, item: Json) -> None:
        """Note an item that is whole."""
        self._whole[place] = item

    @property
    def items(self) -> list[Json]:
        """The items that are whole, in their order."""
        return [self._whole[place] for place in sorted(self._whole)]


class Slot:
    """One item's place; every frame about it names place and id."""

    def __init__(self, output: Output, place: int, identity: str, kind: str) -> None:
        self._output = output
        self._place = place
        self._id = identity
        self._kind = kind

    def frame(self, kind: str, **said: object) -> bytes:
        """Give a frame about the item."""
        return self._output.stream.frame(kind, item_id=self._id, output_index=self._place, **said)

    def added(self, **fields: object) -> bytes:
        """Give the frame with which the item begins."""
        return self._told("added", {"id": self._id, "type": self._kind, **fields})

    def done(self, **fields: object) -> bytes:
        """Give the frame that holds the whole item: clients act on it at once, so it must be right."""
        item = {"id": self._id, "type": self._kind, **fields}
        self._output.keep(self._place, item)
        return self._told("done", item)

    def _told(self, what: str, item: Json) -> bytes:
        return self._output.stream.frame(f"response.output_item.{what}", output_index=self._place, item=item)
