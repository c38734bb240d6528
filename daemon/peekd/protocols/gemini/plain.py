"""JSON Schema as Gemini takes it in `parametersJsonSchema` and `responseJsonSchema`.

Google reads any JSON Schema there and understands a part of it; it refuses references that lead nowhere and
keywords whose values are of an older draft. So references are worked in, and what is not understood is left
out and named. https://ai.google.dev/api/generate-content#v1beta.GenerationConfig (responseJsonSchema)
"""

from __future__ import annotations

from typing import Any, Final

from peekd.protocols.gemini.flatten import Flattener, is_list, is_object
from peekd.protocols.gemini.keywords import HANDLED, KEYWORDS, TYPES, Say, number
from peekd.vocabulary.conversation import Schema

_MAX_DEPTH: Final = 32
_MAX_NODES: Final = 4_000
"""Definitions that name one another can grow without end; what lies beyond may be anything."""

_ANY_TYPE: Final[dict[str, Say]] = {key: say for row in KEYWORDS.values() for key, say in row.items()}
"""The keywords for a node that does not tell its type."""

_WORDS: Final = ("title", "description")
_WALKED: Final = HANDLED | {"additionalProperties", "propertyOrdering"}


def plain_schema(schema: Schema) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Give what Gemini understands of a schema, and the keywords whose meaning was lost or loosened."""
    writer = _Writer(schema)
    return writer.write(schema, (), 0), tuple(writer.lost)


def plain_parameters(schema: Schema) -> tuple[dict[str, Any], tuple[str, ...]] | None:
    """Do the same for a tool's parameters, whose root must be one object; None where it is not.

    An empty schema is given where there is nothing to say.
    """
    said, lost = plain_schema({"type": "object"} | schema)
    if said.get("type") != "object" or said.keys() & {"anyOf", "oneOf"}:
        return None
    open_to = said.get("additionalProperties")
    return (said, lost) if said.get("properties") or is_object(open_to) else ({}, lost)


class _Writer:
    """One writing: where definitions are looked up, how much may still be written, what was lost."""

    def __init__(self, root: Schema) -> None:
        self.lost: dict[str, None] = {}
        self._nodes = _MAX_NODES
        self._flattener = Flattener(root, self.lost)

    def write(self, node: object, seen: tuple[str, ...], depth: int) -> dict[str, Any]:
        self._nodes -= 1
        if depth > _MAX_DEPTH or self._nodes < 0:
            self.lost["depth"] = None
            return {}
        if not is_object(node):
            if node is not True:
                self.lost["false"] = None
            return {}
        flat, seen = self._flattener.flatten(node, seen)
        key = "anyOf" if "anyOf" in flat else "oneOf"
        if is_list(branches := flat.get(key)) and branches:
            return self._alternatives(flat, key, seen, depth)
        said = _words(flat)
        kinds = self._kinds(flat)
        said |= self._type(kinds) | self._values(flat, kinds) | self._enum(flat, kinds)
        said |= self._object(flat, seen, depth) | self._array(flat, seen, depth)
        self.lost.update(dict.fromkeys(key for key in flat if key not in _WALKED and key not in _ANY_TYPE))
        return said

    def _kinds(self, node: Schema) -> list[str]:
        given = node.get("type")
        words: list[Any] = given if is_list(given) else [given]
        kinds = [word.lower() for word in words if isinstance(word, str) and word.lower() in TYPES]
        if "type" in node and not kinds:
            self.lost["type"] = None
        if kinds and (node.get("nullable") is True or _allows_null(node)):
            kinds.append("null")
        return list(dict.fromkeys(kinds))

    def _type(self, kinds: list[str]) -> dict[str, Any]:
        if not kinds:
            return {}
        return {"type": kinds[0] if len(kinds) == 1 else kinds}

    def _values(self, node: Schema, kinds: list[str]) -> dict[str, Any]:
        """Say the keywords that are taken as they are, and open bounds as closed ones."""
        rows = [KEYWORDS[TYPES[kind]] for kind in kinds] or [_ANY_TYPE]
        said: dict[str, Any] = {}
        for key in node.keys() & _ANY_TYPE.keys():
            value = next((row[key](node[key]) for row in rows if key in row), None)
            if value is None:
                self.lost[key] = None
            else:
                said[key] = value
        for key, closed, step in (("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)):
            bound = number(node.get(key))
            whole = "integer" in kinds and isinstance(bound, int)
            if bound is not None:
                said.setdefault(closed, bound + step if whole else bound)
            if key in node and not whole:
                self.lost[key] = None
        return dict(sorted(said.items()))

    def _enum(self, node: Schema, kinds: list[str]) -> dict[str, Any]:
        """Say the values allowed: words and figures; null is told by the type."""
        given: Any = [node["const"]] if "const" in node else node.get("enum")
        if not is_list(given):
            return {}
        values = [value for value in given if isinstance(value, str) or number(value) is not None]
        if len(values) < len(given) and not (None in given and kinds and len(values) == len(given) - 1):
            self.lost["enum"] = None
        return {"enum": values} if values else {}

    def _alternatives(self, node: Schema, key: str, seen: tuple[str, ...], depth: int) -> dict[str, Any]:
        """Say alternatives, each with what holds for all: Google's own dialect has nothing beside them."""
        if key == "anyOf" and "oneOf" in node:
            self.lost["oneOf"] = None
        beside = {name: node[name] for name in node if name not in {"anyOf", "oneOf", *_WORDS}}
        said = _words(node)
        branches: list[dict[str, Any]] = []
        for branch in node[key]:
            if branch is not True and not is_object(branch):
                self.lost[key] = None
                continue
            flat, inner = self._flattener.flatten(branch if is_object(branch) else {}, seen)
            branches.append(self.write(self._flattener.unite(flat, beside), inner, depth + 1))
        return said | {key: branches} if branches else said

    def _object(self, node: Schema, seen: tuple[str, ...], depth: int) -> dict[str, Any]:
        said: dict[str, Any] = {}
        given, wanted, more = node.get("properties"), node.get("required"), node.get("additionalProperties")
        named = given if is_object(given) else {}
        kept = {
            name: self.write(value, seen, depth + 1) for name, value in named.items() if value is not False
        }
        if len(kept) < len(named):
            self.lost["false"] = None
        if kept:
            said["properties"] = kept
        if is_list(wanted):
            required = [name for name in wanted if isinstance(name, str) and name in kept]
            said |= {"required": required} if required else {}
            if len(required) < len(wanted):
                self.lost["required"] = None
        if more is False or is_object(more):
            said["additionalProperties"] = more if more is False else self.write(more, seen, depth + 1)
        order = node.get("propertyOrdering")
        if is_list(order) and order and all(isinstance(name, str) and name in kept for name in order):
            said["propertyOrdering"] = order
        return said

    def _array(self, node: Schema, seen: tuple[str, ...], depth: int) -> dict[str, Any]:
        """Say what an array holds; places that an older draft lists under `items` go by their newer name."""
        said: dict[str, Any] = {}
        given, places = node.get("items"), node.get("prefixItems")
        if is_list(given):
            given, places = None, given
        if is_list(places) and places:
            said["prefixItems"] = [self.write(place, seen, depth + 1) for place in places]
        if is_object(given):
            said["items"] = self.write(given, seen, depth + 1)
        elif given is False:
            self.lost["items"] = None
        return said


def _words(node: Schema) -> dict[str, Any]:
    return {key: node[key] for key in _WORDS if isinstance(node.get(key), str)}


def _allows_null(node: Schema) -> bool:
    values = node.get("enum")
    return is_list(values) and None in values
