"""The items of a stream that were done, as they came, each in its place.

Compatible servers leave out the place, or call every one nought: what stands there already stays.
"""

from __future__ import annotations

import msgspec


class _Named(msgspec.Struct, gc=False):
    id: str = ""


class Done:
    """Collects items; one that is told twice is there once."""

    def __init__(self) -> None:
        self._items: dict[int, msgspec.Raw] = {}

    def add(self, place: int | None, item: msgspec.Raw) -> None:
        """Take an item that is whole; where its place is another's it comes behind all."""
        if not bytes(item):
            return
        if place is None or (place in self._items and not _is_same(self._items[place], item)):
            known = (at for at, other in self._items.items() if _is_same(other, item))
            place = next(known, max(self._items, default=-1) + 1)
        self._items[place] = item

    @property
    def items(self) -> list[msgspec.Raw]:
        """The items in their order."""
        return [self._items[place] for place in sorted(self._items)]


def _is_same(one: msgspec.Raw, other: msgspec.Raw) -> bool:
    """Whether both are one item: by id, and where there is none, to the letter."""
    return bytes(one) == bytes(other) or (_id(one) == _id(other) != "")


def _id(item: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(item, type=_Named).id
    except (ValueError, RecursionError):
        return ""  # an item of another shape
