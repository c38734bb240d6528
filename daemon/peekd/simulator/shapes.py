"""JSON of a request, read loosely: what is of another shape is as good as missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast

Json = dict[str, Any]

_REMINDER: Final = "<system-reminder>"
_RULES: Final = {"system", "developer"}


def table(value: object) -> Json:
    """Give an object, an empty one for what is none."""
    return cast("Json", value) if isinstance(value, dict) else {}


def tables(value: object) -> list[Json]:
    """Give the objects of a list that hold anything."""
    entries = cast("list[object]", value) if isinstance(value, list) else []
    return [found for entry in entries if (found := table(entry))]


def said(texts: Iterable[str]) -> str:
    """Give the last words that are not an agent's own reminder."""
    return next((text for text in reversed([*texts]) if text.strip() and not text.startswith(_REMINDER)), "")


def result(results: Iterable[str]) -> str | None:
    """Give the last result, None where there is none."""
    found = [*results]
    return found[-1] if found else None


def spoken(messages: object) -> list[Json]:
    """Give the messages of a conversation but for the rules among them, which nobody says."""
    return [message for message in tables(messages) if message.get("role") not in _RULES]


def offered(named: Iterable[tuple[object, object]]) -> Json:
    """Give the fields of an `Asked` that tell of tools, from their names and the schemas of their inputs."""
    tools = [(str(name or ""), table(schema)) for name, schema in named]
    return {"tools": tuple(name for name, _ in tools), "inputs": dict(tools)}
