"""A tool call's arguments held against the declared schema, and mended where it proves what was meant.

Three slips of models are mended: a number or a boolean written as a string, and one string in place of a list
of strings. A value that the schema allows is never touched, and nothing is guessed by a tool's name.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final, TypeGuard
from urllib.parse import unquote

from peekd.vocabulary.conversation import Schema

_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE: Final = re.compile(r"-?(?:0|[1-9]\d*)", re.ASCII)
_BOOLEANS: Final = {"true": True, "false": False, "True": True, "False": False}
_NAMES: Final[tuple[tuple[type, str], ...]] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
)
_MAX_DIGITS: Final = 64
_MAX_REFS: Final = 16
_MAX_DEPTH: Final = 48


def repaired(arguments: dict[str, Any], schema: Schema) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Give the arguments mended, and the JSON paths of what was; the same object where nothing was.

    >>> repaired({"limit": "5", "paths": "a"}, {"properties": {
    ...     "limit": {"type": "integer"}, "paths": {"type": "array", "items": {"type": "string"}}}})
    ({'limit': 5, 'paths': ['a']}, ('limit', 'paths'))
    """
    mender = _Mender(schema)
    mended = mender.mend(arguments, schema, "", 0)
    return (mended, tuple(mender.paths)) if mender.paths else (arguments, ())


class _Mender:
    """One mending: where references lead, and what was mended so far."""

    def __init__(self, root: Schema) -> None:
        self.paths: list[str] = []
        self._root = root

    def mend(self, value: Any, schema: object, path: str, depth: int) -> Any:  # noqa: ANN401  any JSON
        node = self._found(schema)
        if node is None or depth > _MAX_DEPTH:
            return value
        kinds = self._kinds(node)
        if isinstance(value, str) and kinds is not None and "string" not in kinds:
            return self._meant(value, node, kinds, path)
        inside = self._branch(node, _kind(value))
        if inside is not None and _is_object(value):
            return self._object(value, inside, path, depth)
        if inside is not None and _is_list(value):
            return self._list(value, inside, path, depth)
        return value

    # ---- what a schema says -------------------------------------------------------------------------

    def _found(self, schema: object) -> Schema | None:
        """Give the node, through references; None for one that says nothing, or leads nowhere."""
        for _ in range(_MAX_REFS):
            if not _is_object(schema):
                return None
            target = schema.get("$ref")
            if target is None:
                return schema
            schema = (
                self._at(target) if len(schema.keys() - {"description", "title", "default"}) == 1 else None
            )
        return None

    def _at(self, target: object) -> object:
        if not isinstance(target, str) or not target.startswith("#"):
            return None
        found: object = self._root
        for step in target[1:].split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            found = found.get(name) if _is_object(found) else None
        return found

    def _kinds(self, node: Schema, hops: int = 0) -> set[str] | None:
        """Give the types that a value may have; None where the schema does not prove any."""
        if hops > _MAX_REFS or node.keys() & {"allOf", "not", "if"}:
            return None
        given = node.get("type")
        if given is not None:
            words: list[Any] = given if _is_list(given) else [given]
            kinds = {word for word in words if isinstance(word, str)}
            return kinds | {"null"} if node.get("nullable") is True else kinds
        branches = self._branches(node)
        if branches:
            found = [None if branch is None else self._kinds(branch, hops + 1) for branch in branches]
            return None if None in found else {kind for kinds in found for kind in kinds or ()}
        values = _values(node)
        return {_kind(value) for value in values} if values is not None else None

    def _branches(self, node: Schema) -> list[Schema | None]:
        given = node.get("anyOf", node.get("oneOf"))
        return [self._found(branch) for branch in given] if _is_list(given) else []

    def _branch(self, node: Schema, kind: str) -> Schema | None:
        """Give the node that says what stands inside a value of this kind, where there is only one."""
        branches = self._branches(node)
        if not branches:
            return node
        fitting = [one for one in branches if one is None or kind in (self._kinds(one) or {kind})]
        return fitting[0] if len(fitting) == 1 else None

    # ---- what a value means -------------------------------------------------------------------------

    def _meant(self, text: str, node: Schema, kinds: set[str], path: str) -> object:
        """Give the one value that the string can only mean; the string itself where that is not proved."""
        meanings = [*_numbers(text, kinds), *_booleans(text, kinds), *self._lists(text, node, kinds)]
        allowed = [one for one in meanings if _is_allowed(one, node)]
        if len(allowed) != 1:
            return text
        self.paths.append(path)
        return allowed[0]

    def _lists(self, text: str, node: Schema, kinds: set[str]) -> list[object]:
        """A string in place of a list of strings; one that looks like a list in JSON may be that instead."""
        inside = self._branch(node, "array") if "array" in kinds else None
        items = self._found(inside.get("items")) if inside is not None else None
        strings = items is not None and self._kinds(items) == {"string"}
        fits = strings and items is not None and _is_allowed(text, items)
        return [[text]] if fits and not text.lstrip().startswith("[") else []

    # ---- what stands inside -------------------------------------------------------------------------

    def _object(self, value: dict[str, Any], node: Schema, path: str, depth: int) -> dict[str, Any]:
        named = node.get("properties")
        known = named if _is_object(named) else {}
        rest = None if "patternProperties" in node else node.get("additionalProperties")
        return {
            name: self.mend(one, known.get(name, rest), f"{path}.{name}" if path else name, depth + 1)
            for name, one in value.items()
        }

    def _list(self, value: list[Any], node: Schema, path: str, depth: int) -> list[Any]:
        places = node.get("prefixItems")
        first: list[Any] = places if _is_list(places) else []
        schemas = [*first, *[node.get("items")] * len(value)]
        return [
            self.mend(one, schema, f"{path}[{number}]", depth + 1)
            for number, (one, schema) in enumerate(zip(value, schemas, strict=False))
        ]


def _numbers(text: str, kinds: set[str]) -> list[object]:
    shape = _NUMBER if "number" in kinds else _WHOLE if "integer" in kinds else None
    if shape is None or not shape.fullmatch(text) or len(text) > _MAX_DIGITS:
        return []
    number = int(text) if _WHOLE.fullmatch(text) else float(text)
    return [number] if math.isfinite(number) else []


def _booleans(text: str, kinds: set[str]) -> list[object]:
    return [_BOOLEANS[text]] if "boolean" in kinds and text in _BOOLEANS else []


def _is_allowed(value: object, node: Schema) -> bool:
    values = _values(node)
    return values is None or any(type(one) is type(value) and one == value for one in values)


def _values(node: Schema) -> list[Any] | None:
    if "const" in node:
        return [node["const"]]
    given = node.get("enum")
    return given if _is_list(given) else None


def _kind(value: object) -> str:
    return next((name for python, name in _NAMES if isinstance(value, python)), "null")


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
