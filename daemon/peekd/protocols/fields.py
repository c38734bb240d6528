"""Reading a request's JSON with its place known: a wrong type is told by path, an unread field is listed."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NoReturn, TypeGuard

import msgspec

from peekd.vocabulary.conversation import Tool
from peekd.vocabulary.errors import ClientError

Dropped = dict[str, None]
"""Names in the order met, each once."""

_KINDS: Final = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}

CACHED: Final = "cache_control"
_EVERYWHERE: Final = {CACHED}
"""Fields that may stand on nearly every object: listed once, without the place."""

_NULL: Final = msgspec.Raw(b"null")
_outlines: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def decode_object(body: bytes) -> dict[str, Any]:
    """Give the body's JSON object. Raises ClientError."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (ValueError, RecursionError) as fault:  # both of msgspec's errors and bad UTF-8 are ValueErrors
        raise _no_object(fault) from fault


def decode_outline(body: bytes, long: frozenset[str]) -> dict[str, Any]:
    """Give the body's JSON object with its `long` fields as they came (msgspec.Raw): they are most of a body.

    That they are JSON is seen to, but not that their strings are UTF-8. null is None there too. Raises
    ClientError.
    """
    try:
        fields = _outlines.decode(body)
    except (ValueError, RecursionError) as fault:
        raise _no_object(fault) from fault
    return {
        key: value if key in long and value != _NULL else decode_value(value) for key, value in fields.items()
    }


def decode_value(value: msgspec.Raw) -> Any:  # noqa: ANN401  JSON's own
    """Read a part of a body that was left as it came. Raises ClientError."""
    try:
        return msgspec.json.decode(value)
    except (ValueError, RecursionError) as fault:
        raise _no_object(fault) from fault


def begins(value: msgspec.Raw, mark: bytes) -> bool:
    """Tell by its first byte what kind of value was left as it came.

    >>> begins(msgspec.Raw(b'["hi"]'), b"[")
    True
    """
    return bytes(memoryview(value)[:1]) == mark


def _no_object(fault: Exception) -> ClientError:
    return ClientError("invalid_request", f"the body is no JSON object: {fault}")


def wrong(path: str, expected: str, value: object) -> NoReturn:
    """Raise ClientError: at `path` something else was expected."""
    if value is None:
        raise ClientError("invalid_request", f"{path}: Field required")
    kind = next((name for type_, name in _KINDS.items() if isinstance(value, type_)), "a number")
    raise ClientError("invalid_request", f"{path}: expected {expected}, got {kind}")


def decode_words(data: str) -> str:
    """Give the words of a plain text document, which travel in base64. Raises ClientError.

    >>> decode_words("w6k=")
    'é'
    """
    try:
        return base64.b64decode(data).decode("utf-8", "replace")
    except ValueError as fault:
        raise ClientError("invalid_request", f"a document of type text/plain: {fault}") from fault


class Place:
    """One JSON value: `path` says where for people (messages.3.role), `shape` for lists (messages[].role).

    Both are asked for where something is wrong or left out, of few of a long request's thousands of places:
    so a place knows only what it stands `inside` of, and by which key or number; `_path` and `_shape` are
    those of one that stands in nothing.
    """

    __slots__ = ("_inside", "_key", "_path", "_shape", "dropped", "value")

    def __init__(
        self,
        value: object,
        path: str,
        shape: str,
        dropped: Dropped,
        inside: Place | None = None,
        key: str | int = "",
    ) -> None:
        self.value = value
        self.dropped = dropped
        self._path = path
        self._shape = shape
        self._inside = inside
        self._key = key

    @property
    def path(self) -> str:
        """Where it stands, for people."""
        return self._path if self._inside is None else _joined(self._inside.path, str(self._key))

    @property
    def shape(self) -> str:
        """Where such values stand, whatever the number."""
        if self._inside is None:
            return self._shape
        shape = self._inside.shape
        return f"{shape}[]" if isinstance(self._key, int) else _joined(shape, self._key)

    def of(self, value: object) -> Place:
        """Give another value at this place."""
        return Place(value, self._path, self._shape, self.dropped, self._inside, self._key)

    def drop(self, kind: str) -> None:
        """List values of this kind at this place as left out."""
        self.dropped[f"{self.shape.removesuffix('[]')}[{kind}]"] = None

    def string(self) -> str:
        """Give the string that this is. Raises ClientError."""
        if not isinstance(self.value, str):
            wrong(self.path, "a string", self.value)
        return self.value

    def fields(self) -> Fields:
        """Give the object that this is. Raises ClientError."""
        return Fields(self)

    def items(self) -> Iterator[Place]:
        """Give the elements of the array that this is. Raises ClientError."""
        if not _is_list(self.value):
            wrong(self.path, "an array", self.value)
        for number, item in enumerate(self.value):
            yield Place(item, "", "", self.dropped, self, number)


class Fields:
    """An object's fields, each read by its type; null is as good as missing. `close` lists the unread."""

    __slots__ = ("_place", "_unread")

    def __init__(self, place: Place) -> None:
        if not _is_object(place.value):
            wrong(place.path or "the body", "an object", place.value)
        self._unread = dict(place.value)
        self._place = place

    def __contains__(self, key: str) -> bool:
        return self._unread.get(key) is not None

    @property
    def unread(self) -> tuple[str, ...]:
        """The names that nobody has read so far."""
        return tuple(key for key, value in self._unread.items() if value is not None)

    def close(self) -> None:
        """List what nobody has read."""
        for key in self.unread if self._unread else ():
            named = key if key in _EVERYWHERE else _joined(self._place.shape, key)
            self._place.dropped[named] = None

    def place(self, key: str) -> Place | None:
        """Give a field of any kind, None if it is missing."""
        value = self._unread.pop(key, None)
        return None if value is None else Place(value, "", "", self._place.dropped, self._place, key)

    def needed(self, key: str) -> Place:
        """Give a field of any kind. Raises ClientError if it is missing."""
        return self.place(key) or wrong(_joined(self._place.path, key), "", None)

    def string(self, key: str) -> str | None:
        """Give a string."""
        place = self.place(key)
        return None if place is None else place.string()

    def flag(self, key: str) -> bool | None:
        """Give a boolean."""
        place = self.place(key)
        if place is None:
            return None
        if not isinstance(place.value, bool):
            wrong(place.path, "a boolean", place.value)
        return place.value

    def number(self, key: str) -> float | None:
        """Give a number."""
        place = self.place(key)
        if place is None:
            return None
        if isinstance(place.value, bool) or not isinstance(place.value, int | float):
            wrong(place.path, "a number", place.value)
        return place.value

    def integer(self, key: str) -> int | None:
        """Give a whole number."""
        number = self.number(key)
        if isinstance(number, float):
            raise ClientError("invalid_request", f"{_joined(self._place.path, key)}: expected a whole number")
        return number

    def object(self, key: str) -> dict[str, Any] | None:
        """Give an object as it is, to its depths."""
        place = self.place(key)
        if place is None:
            return None
        if not _is_object(place.value):
            wrong(place.path, "an object", place.value)
        return place.value

    def fields(self, key: str) -> Fields | None:
        """Give an object to be read further."""
        place = self.place(key)
        return None if place is None else place.fields()

    def items(self, key: str) -> Iterator[Place]:
        """Give an array's elements, none if it is missing."""
        place = self.place(key)
        return iter(()) if place is None else place.items()


def decode_tools(fields: Fields, read: Callable[[Place], Tool | Iterable[Tool] | None]) -> tuple[Tool, ...]:
    """Give the client's own tools as `read` does; None is a kind that only one upstream runs or defines.

    A kind may stand for several tools.

    Raises ClientError where there are only such: an answer without any of them would be another answer.
    """
    places = list(fields.items("tools"))
    tools = [tool for place in places for tool in _each(read(place))]
    if places and not tools:
        kinds = ", ".join(place.fields().needed("type").string() for place in places)
        raise ClientError("invalid_request", f"tools: {kinds}: this upstream has no such tool")
    return tuple(tools)


def _each(read: Tool | Iterable[Tool] | None) -> Iterable[Tool]:
    return (read,) if isinstance(read, Tool) else read or ()


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
