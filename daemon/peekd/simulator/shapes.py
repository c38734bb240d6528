"""JSON of a request, read loosely: what is of another shape is as good as missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast

Json = dict[str, Any]

_REMINDER: Final = "<system-reminder>"


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
