"""The output items of one response as they come: which frame is about which of them.

A frame names its item by place and by id. Compatible servers leave out either, give every frame another id,
or call every place nought; so the place goes before the id, and both before the order of coming.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from peekd.protocols.openai_responses.called import Call, CustomCall, LocalShellCall, ToolSearchCall
from peekd.protocols.openai_responses.readers import Message, Next, Reader, Reasoning, Search
from peekd.protocols.openai_responses.shapes import Item, string
from peekd.vocabulary.events import Event

Events = Iterator[Event]

_READERS: Final[dict[str, type[Reader]]] = {
    "message": Message,
    "reasoning": Reasoning,
    "function_call": Call,
    "custom_tool_call": CustomCall,
    "tool_search_call": ToolSearchCall,
    "local_shell_call": LocalShellCall,
    "web_search_call": Search,
}


class Rows:
    """All items of a response, in the order in which they began."""

    def __init__(self, number: Next) -> None:
        self._number = number
        self._all: list[Reader] = []
        self._places: dict[int, Reader] = {}

    @property
    def calls(self) -> bool:
        """Whether there is anything for the client to run."""
        return any(reader.calls for reader in self._all)

    def open(self, place: int | None, item: Item) -> Events:
        """Open an item, unless it is open: some servers say so twice."""
        if self._is_new(self._find(place, string(item.id)), item):
            yield from self._begin(place, item)

    def end(self, place: int | None, item: Item) -> Events:
        """End an item, whether or not it was opened."""
        found = self._find(place, string(item.id))
        if found is None and place is None:
            found = next((one for one in self._all if one.kind == item.kind and not one.ended), None)
        if found is None or self._is_new(found, item):
            yield from self._begin(place, item)
            found = self._all[-1]
        yield from found.end(item)

    def at(self, place: int | None, identity: str, kind: str) -> tuple[list[Event], Reader]:
        """Give the item that a frame is about, and what it says that there is one of this kind."""
        found = self._find(place, identity)
        if found is None and place is None:
            found = next((one for one in reversed(self._all) if one.kind == kind and not one.ended), None)
        if found is not None:
            return [], found
        opened = [*self._begin(place, Item(kind, identity))]
        return opened, self._all[-1]

    def finish(self, output: Sequence[Item], *, cut: bool) -> Events:
        """End all, and tell what of the whole output has not come before.

        `cut`: the model was stopped. Words of a grammar, unlike JSON, do not show that they are half then.
        """
        left = list(self._all)
        for place, item in enumerate(output):
            found = self._counterpart(left, place, item)
            if found is None:
                yield from self._begin(None, item)
                found = self._all[-1]
            else:
                left.remove(found)
            yield from found.end(None if cut and isinstance(found, CustomCall) else item)
        for reader in self._all:
            yield from reader.end(None)

    def _begin(self, place: int | None, item: Item) -> Events:
        """Add an item; what stood at its place is over."""
        if place is None:
            place = max(self._places, default=-1) + 1
        elif place in self._places:
            yield from self._places[place].end(None)
        reader = _reader_of(item, self._number)
        self._all.append(reader)
        self._places[place] = reader
        yield from reader.begin(item)

    def _find(self, place: int | None, identity: str) -> Reader | None:
        if place is not None and place in self._places:
            return self._places[place]
        return next((one for one in self._all if identity and one.id == identity), None)

    @staticmethod
    def _is_new(found: Reader | None, item: Item) -> bool:
        """Tell an item that only stands where another stood."""
        if found is None or found.kind != item.kind:
            return True
        return found.ended and string(item.id) != found.id

    def _counterpart(self, left: Sequence[Reader], place: int, item: Item) -> Reader | None:
        """Give the item of the stream that one of the whole output is."""
        alike = [one for one in left if one.kind == item.kind]
        named = [one for one in alike if one.id and one.id == string(item.id)]
        placed = [one for one in alike if self._places.get(place) is one]
        return next(iter([*named, *placed, *alike]), None)


def _reader_of(item: Item, number: Next) -> Reader:
    make = _READERS.get(item.kind, Reader)
    if make is ToolSearchCall and item.execution == "server":
        make = Reader
    return make(item.kind, string(item.id), number)
