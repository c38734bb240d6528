"""Which call a piece of a call belongs to, and what of it is new: servers number and repeat in many ways.

As the API has it, each piece names its call by `index`, the first one gives id and name, and arguments join.
Compatible servers leave the index out, give every call the index 0, give a call whole, repeat it whole with
the terminal, give arguments as an object, or all of them so far with every piece.
"""

from __future__ import annotations

from typing import Final

import msgspec

_NULL: Final = (b"", b"null")


class Function(msgspec.Struct, gc=False):
    """Name and a piece of the arguments: JSON text in a string, or an object."""

    name: str | None = None
    arguments: msgspec.Raw = msgspec.Raw(b"")


class Google(msgspec.Struct, gc=False):
    """What Google's compatible API adds to a call."""

    thought_signature: str | None = None


class Extra(msgspec.Struct, gc=False):
    """What a vendor adds to a call."""

    google: Google | None = None


class Piece(msgspec.Struct, gc=False):
    """A piece of a call."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None
    extra_content: Extra | None = None

    @property
    def signature(self) -> str:
        """A thought signature on the call, "" for none."""
        google = self.extra_content.google if self.extra_content is not None else None
        return (google.thought_signature or "") if google is not None else ""


class Slot:
    """One call as far as it is known. `arguments` is what joined so far."""

    def __init__(self, number: int, id_: str, name: str) -> None:
        self.number = number
        self.id = id_
        self.name = name
        self.arguments: str = ""
        self.whole = False
        """Whether the arguments are a JSON object: nothing can follow then but a repetition."""
        self._joins: bool | None = None  # None: one piece came, and it may go either way

    def add(self, fragment: str) -> str:
        """Take a piece of the arguments; give what of it is new."""
        if not fragment or self.whole:
            return ""
        if self.arguments and self._joins is not True:
            self._joins = not fragment.startswith(self.arguments)
            if not self._joins:
                fragment = fragment[len(self.arguments) :]
        self.arguments += fragment
        self.whole = fragment.rstrip().endswith("}") and _is_object(self.arguments)
        return fragment


class Slots:
    """The calls of one answer, in the order in which they began."""

    def __init__(self) -> None:
        self.all: list[Slot] = []
        self._by_index: dict[int, Slot] = {}
        self._by_id: dict[str, Slot] = {}

    def take(self, piece: Piece) -> tuple[Slot, bool, str]:
        """Give the call that the piece belongs to, whether it begins here, and its new arguments.

        Raises ValueError for arguments that are no text, and then knows of no call more than before.
        """
        given = _text(bytes(piece.function.arguments)) if piece.function is not None else ""
        slot = self._known(piece)
        begins = slot is None
        if slot is None:
            name = (piece.function.name if piece.function is not None else None) or ""
            slot = Slot(len(self.all), piece.id or "", name)
            self.all.append(slot)
        if piece.index is not None:
            self._by_index[piece.index] = slot
        if piece.id:
            self._by_id[piece.id] = slot
        return slot, begins, slot.add(given)

    def _known(self, piece: Piece) -> Slot | None:
        if piece.id and piece.id in self._by_id:
            return self._by_id[piece.id]
        named = piece.function is not None and piece.function.name
        if piece.index is None:
            return None if piece.id or named or not self.all else self.all[-1]
        slot = self._by_index.get(piece.index)
        another = slot is not None and piece.id and slot.id and piece.id != slot.id and named
        return None if another else slot


def _text(given: bytes) -> str:
    """Give arguments as JSON text."""
    if given in _NULL:
        return ""
    if given.startswith(b'"'):
        return msgspec.json.decode(given, type=str)
    return given.decode()


def _is_object(text: str) -> bool:
    try:
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        return False
    return True
