"""One JSON Schema node without `$ref` and `allOf`: references looked up, conjunctions united.

Knows JSON Schema only; what Gemini takes of the outcome is `schema`'s business.
"""

from __future__ import annotations

from typing import Any, Final, TypeGuard
from urllib.parse import unquote

from peekd.vocabulary.conversation import Schema

_REPEATS: Final = 2
"""How often one definition may stand within itself before it is cut to its outline."""

_MAX_REFS: Final = 64
"""The longest chain of references that is followed."""

_OUTLINE: Final = ("type", "description", "title", "nullable")

_UNITED: Final = {"properties", "required", "enum", "allOf", "$ref", "anyOf", "oneOf"}
"""Keywords that two halves of a conjunction do not simply take over from one another."""


class Flattener:
    """Looks up the definitions of one root schema. `lost` collects the keywords that had to give way."""

    def __init__(self, root: Schema, lost: dict[str, None]) -> None:
        self._root = root
        self._lost = lost
        self._definitions: dict[str, Any] = {}
        self._collect(root, 0)

    def flatten(self, node: Schema, seen: tuple[str, ...]) -> tuple[Schema, tuple[str, ...]]:
        """Give the node with references and conjunctions worked in, and the references now being inside of.

        `seen`: the references that the node already stands inside of; one that would go round once more
        than is useful is replaced by its outline, one that leads nowhere by an open object.
        """
        flat = {key: value for key, value in node.items() if key not in {"$ref", "allOf"}}
        target = node.get("$ref")
        if isinstance(target, str):
            found, seen = self._resolve(target, seen)
            flat = self.unite(flat, found)
        halves = node.get("allOf")
        for branch in halves if is_list(halves) else ():
            if branch is False:
                self._lost["allOf"] = None
            elif is_object(branch):
                other, seen = self.flatten(branch, seen)
                flat = self.unite(flat, other)
        return flat, seen

    def unite(self, left: Schema, right: Schema) -> Schema:
        """Give a schema for what fits both, as far as one node can say it; on a conflict `left` wins."""
        united = right | left
        if is_object(left.get("properties")) and is_object(right.get("properties")):
            united["properties"] = _unite_properties(left["properties"], right["properties"])
        if is_list(left.get("required")) and is_list(right.get("required")):
            more = [name for name in right["required"] if name not in left["required"]]
            united["required"] = left["required"] + more
        if is_list(left.get("enum")) and is_list(right.get("enum")):
            united["enum"] = [value for value in left["enum"] if value in right["enum"]] or left["enum"]
        for key in ("anyOf", "oneOf"):
            if key in left and key in right and left[key] != right[key]:
                self._lost[key] = None
        for key in left.keys() & right.keys() - _UNITED:
            if left[key] != right[key] and key not in {"description", "title"}:
                self._lost["allOf"] = None
        return united

    def _resolve(self, target: str, seen: tuple[str, ...]) -> tuple[Schema, tuple[str, ...]]:
        found = self._lookup(target)
        if found is None or len(seen) >= _MAX_REFS:
            self._lost["$ref"] = None
            return {"type": "object", "description": _last(target)}, seen
        if seen.count(target) >= _REPEATS:
            self._lost["$ref"] = None
            return {key: found[key] for key in _OUTLINE if key in found} or {"type": "object"}, seen
        return self.flatten(found, (*seen, target))

    def _lookup(self, target: str) -> Schema | None:
        """Follow a pointer into the root; where it leads nowhere take the definition of that name."""
        found: Any = self._root
        for step in target.removeprefix("#").split("/")[1:] if target.startswith("#") else ("",):
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            found = found.get(key) if is_object(found) else None
        found = found if is_object(found) else self._definitions.get(_last(target))
        return found if is_object(found) else None

    def _collect(self, node: object, depth: int) -> None:
        """Note every definition at any level, the outermost of a name first."""
        if depth > _MAX_REFS:
            return
        if is_object(node):
            for keyword in ("$defs", "definitions"):
                if is_object(found := node.get(keyword)):
                    self._definitions = found | self._definitions
            for child in node.values():
                self._collect(child, depth + 1)
        elif is_list(node):
            for child in node:
                self._collect(child, depth + 1)


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Tell a JSON object from all else."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Tell a JSON array from all else."""
    return isinstance(value, list)


def _unite_properties(left: Schema, right: Schema) -> Schema:
    twice = [name for name in left if name in right and left[name] != right[name]]
    return left | right | {name: {"allOf": [left[name], right[name]]} for name in twice}


def _last(target: str) -> str:
    return unquote(target.rsplit("/", 1)[-1]).lstrip("#")
