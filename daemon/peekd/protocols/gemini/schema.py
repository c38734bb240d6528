"""JSON Schema as the subset that Gemini's `Schema` can say (https://ai.google.dev/api/caching#Schema).

Meant for schemas alone: a call's arguments are data and never come here.
"""

from __future__ import annotations

from typing import Any, Final

from peekd.protocols.gemini.flatten import Flattener, is_list, is_object
from peekd.protocols.gemini.keywords import HANDLED, KEYWORDS, TELLTALES, TYPES, Say, number
from peekd.vocabulary.conversation import Schema

_MAX_DEPTH: Final = 32
_MAX_NODES: Final = 4_000
"""Definitions that name one another can grow without end; what lies beyond is an open object."""


def clean_schema(schema: Schema) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Give what Gemini can say of a schema, and the keywords whose meaning was lost or loosened."""
    cleaner = _Cleaner(schema)
    return cleaner.clean(schema, (), 0), tuple(cleaner.lost)


def clean_parameters(schema: Schema) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """Do the same for a tool's parameters, whose root must be an object; None where it takes none at all.

    Alternatives at the root become one object with all their properties, required where all require them.
    """
    cleaned, lost = clean_schema({"type": "object"} | schema)
    if "anyOf" in cleaned:
        cleaned = _one_object(cleaned["anyOf"])
        lost = (*lost, "anyOf") if "anyOf" not in lost else lost
    if cleaned.get("type") != "OBJECT" or not cleaned.get("properties"):
        return None, lost
    cleaned.pop("nullable", None)
    return cleaned, lost


def _one_object(branches: list[dict[str, Any]]) -> dict[str, Any]:
    objects = [branch for branch in branches if branch.get("type") == "OBJECT"]
    kinds: dict[str, list[dict[str, Any]]] = {}
    for branch in objects:
        for name, kind in branch.get("properties", {}).items():
            kinds.setdefault(name, []).append(kind)
    required = [name for name in kinds if all(name in branch.get("required", ()) for branch in objects)]
    properties = {name: _joined(found, {}) for name, found in kinds.items()}
    return {"type": "OBJECT", "properties": properties} | ({"required": required} if required else {})


class _Cleaner:
    """One cleaning: where definitions are looked up, how much may still be written, what was lost."""

    def __init__(self, root: Schema) -> None:
        self.lost: dict[str, None] = {}
        self._nodes = _MAX_NODES
        self._flattener = Flattener(root, self.lost)

    def clean(self, node: object, seen: tuple[str, ...], depth: int) -> dict[str, Any]:
        self._nodes -= 1
        if depth > _MAX_DEPTH or self._nodes < 0:
            self.lost["depth"] = None
            return {"type": "OBJECT"}
        if not is_object(node):
            if node is not True:
                self.lost["false"] = None
            return _anything()
        flat, seen = self._flattener.flatten(node, seen)
        key = "anyOf" if "anyOf" in flat else "oneOf"
        if is_list(branches := flat.get(key)) and branches:
            return self._alternatives(flat, key, seen, depth)
        return self._typed(flat, seen, depth)

    def _alternatives(self, node: Schema, key: str, seen: tuple[str, ...], depth: int) -> dict[str, Any]:
        """Say alternatives; what stands beside them holds for each, as Gemini wants nothing beside anyOf."""
        if key == "oneOf" or "oneOf" in node:
            self.lost["oneOf"] = None
        beside = {name: node[name] for name in node if name not in {"anyOf", "oneOf", "description", "title"}}
        cleaned: list[dict[str, Any]] = []
        for branch in node[key]:
            if branch is not True and not is_object(branch):
                self.lost[key] = None
                continue
            flat, inner = self._flattener.flatten(branch if is_object(branch) else {}, seen)
            cleaned.append(self.clean(self._flattener.unite(flat, beside), inner, depth + 1))
        return _joined(cleaned, node)

    def _typed(self, node: Schema, seen: tuple[str, ...], depth: int) -> dict[str, Any]:
        kinds = self._kinds(node)
        if not kinds:
            self._lose(node, KEYWORDS["NULL"])
            return _joined(_anything()["anyOf"], node)
        branches = [self._one(node, kind, seen, depth) for kind in kinds]
        return branches[0] if len(branches) == 1 else _joined(branches, node)

    def _kinds(self, node: Schema) -> list[str]:
        """Give the types a node may have, in Gemini's words; none where nothing tells."""
        given = node.get("type")
        words: list[Any] = given if is_list(given) else [given]
        kinds = [TYPES[word.lower()] for word in words if isinstance(word, str) and word.lower() in TYPES]
        if kinds:
            return list(dict.fromkeys(kinds))
        if "type" in node:
            self.lost["type"] = None
        values = _values(node)
        if values:
            return list(dict.fromkeys(_kind(value) for value in values))
        return [kind for kind, words in TELLTALES if any(word in node for word in words)][:1]

    def _one(self, node: Schema, kind: str, seen: tuple[str, ...], depth: int) -> dict[str, Any]:
        said: dict[str, Any] = {"type": kind}
        said |= {key: node[key] for key in ("title", "description") if isinstance(node.get(key), str)}
        if node.get("nullable") is True:
            said["nullable"] = True
        for key, say in KEYWORDS[kind].items():
            if key in node:
                value = say(node[key])
                if value is None:
                    self.lost[key] = None
                else:
                    said[key] = value
        self._lose(node, KEYWORDS[kind])
        match kind:
            case "OBJECT":
                said |= self._object(node, seen, depth)
            case "ARRAY":
                said["items"] = self._items(node, seen, depth)
            case "NUMBER" | "INTEGER":
                self._bounds(node, said)
            case _:
                pass
        self._enum(node, said)
        return said

    def _lose(self, node: Schema, taken: dict[str, Say]) -> None:
        self.lost.update(dict.fromkeys(key for key in node if key not in HANDLED and key not in taken))

    def _object(self, node: Schema, seen: tuple[str, ...], depth: int) -> dict[str, Any]:
        """Say properties, and which are required. Without any an object is left open: {} is refused."""
        given = node.get("properties")
        kept: dict[str, Any] = {}
        for name, value in given.items() if is_object(given) else ():
            if value is False:
                self.lost["false"] = None
            else:
                kept[name] = self.clean(value, seen, depth + 1)
        wanted = node.get("required")
        required = [name for name in kept if name in wanted] if is_list(wanted) else []
        if is_list(wanted) and len(required) < len(wanted):
            self.lost["required"] = None
        return ({"properties": kept} if kept else {}) | ({"required": required} if required else {})

    def _items(self, node: Schema, seen: tuple[str, ...], depth: int) -> dict[str, Any]:
        """Say what an array holds (Gemini wants it said): one schema, or any of a tuple's."""
        given = node.get("items", True)
        places = given if is_list(given) else node.get("prefixItems")
        if is_list(places) and places:
            self.lost["prefixItems"] = None
            rest = [given] if isinstance(node.get("items"), dict) else []
            return _joined([self.clean(place, seen, depth + 1) for place in [*places, *rest]], {})
        return self.clean(given, seen, depth + 1)

    def _bounds(self, node: Schema, said: dict[str, Any]) -> None:
        """Say open bounds as closed ones: exactly for whole numbers, else a hair too wide."""
        for key, closed, step in (("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)):
            bound = number(node.get(key))
            if bound is None:
                continue
            if said["type"] == "INTEGER" and isinstance(bound, int):
                said.setdefault(closed, bound + step)
            else:
                said.setdefault(closed, bound)
                self.lost[key] = None

    def _enum(self, node: Schema, said: dict[str, Any]) -> None:
        """Say the values allowed: Gemini knows enums of non-empty words only; of figures, the range."""
        values = _values(node)
        if not values or said["type"] == "NULL":
            return
        if None in values:
            said["nullable"] = True
        same = [value for value in values if value is not None and _fits(value, said["type"])]
        if said["type"] == "STRING":
            words = list(dict.fromkeys(word for word in same if word))
            if words:
                said["enum"] = words
            if len(words) == len(same):
                return
        elif figures := [figure for value in same if (figure := number(value)) is not None]:
            said.setdefault("minimum", min(figures))
            said.setdefault("maximum", max(figures))
            if len(set(same)) == 1:
                return
        self.lost["enum"] = None


def _joined(branches: list[dict[str, Any]], node: Schema) -> dict[str, Any]:
    """Unite cleaned branches: null becomes `nullable`, one alone stands without anyOf."""
    distinct: list[dict[str, Any]] = []
    for branch in branches:
        for one in branch.get("anyOf", (branch,)):
            if one not in distinct:
                distinct.append(one)
    real = [branch for branch in distinct if branch.get("type") != "NULL"]
    if not distinct:
        return _anything()
    if not real:
        return distinct[0]
    nullable = {"nullable": True} if len(real) < len(distinct) else {}
    words = {key: node[key] for key in ("title", "description") if isinstance(node.get(key), str)}
    if len(real) == 1:
        return real[0] | nullable | words
    return {"anyOf": [words | branch | nullable for branch in real]}


def _values(node: Schema) -> list[Any]:
    if "const" in node:
        return [node["const"]]
    given = node.get("enum")
    return given if is_list(given) else []


def _kind(value: object) -> str:
    """Name the type of a JSON value."""
    if isinstance(value, bool):
        return "BOOLEAN"
    table = ((str, "STRING"), (int, "INTEGER"), (float, "NUMBER"), (list, "ARRAY"), (dict, "OBJECT"))
    return next((kind for python, kind in table if isinstance(value, python)), "NULL")


def _fits(value: object, kind: str) -> bool:
    return _kind(value) == kind or (kind == "NUMBER" and _kind(value) == "INTEGER")


def _anything() -> dict[str, Any]:
    """Say "any value": every node needs a type, so the types are told one by one."""
    plain = [{"type": kind} for kind in ("STRING", "NUMBER", "BOOLEAN", "OBJECT")]
    return {"anyOf": [*plain, {"type": "ARRAY", "items": {"type": "STRING"}}]}
