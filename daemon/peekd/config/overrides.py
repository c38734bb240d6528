"""Lay the environment's PEEKD_SECTION__KEY variables over the settings of the file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import cast, get_args

import msgspec
from msgspec import inspect, structs

from peekd.config.faults import nearest
from peekd.config.places import ROOT, Path, Place
from peekd.config.schema import Settings
from peekd.config.shapes import known_settings, struct_of, without_none

PREFIX = "PEEKD_"
OWN = frozenset({"PEEKD_CONFIG", "PEEKD_URL", "PEEKD_ADMIN_KEY"})
"""Variables that speak to the commands; they set nothing."""

_LISTS = frozenset({"accounts", "routes"})


class Overlaid(msgspec.Struct, frozen=True):
    """The settings with the environment over them, the variable behind each path, and the names at fault."""

    raw: dict[str, object]
    variables: dict[Path, str]
    faults: tuple[str, ...]


def overlay(raw: Mapping[str, object], environ: Mapping[str, str], exempt: frozenset[str]) -> Overlaid:
    """Set what PEEKD_… variables set. `exempt` names those that hold secrets the settings refer to.

    >>> overlay({}, {"PEEKD_LOGS__LEVEL": "debug"}, frozenset()).raw
    {'logs': {'level': 'debug'}}
    """
    merged = dict(raw)
    variables: dict[Path, str] = {}
    faults: list[str] = []
    for name in sorted(set(environ) - OWN - exempt):
        if not name.startswith(PREFIX):
            continue
        parts = name.removeprefix(PREFIX).split("__")
        place = _place(parts, merged)
        if place is None:
            faults.append(f"${name}: {_unknown(name, parts)}")
        else:
            merged = _with(merged, place.path, toml_value(environ[name]))
            variables[place.path] = name
    return Overlaid(merged, variables, tuple(faults))


def secret_variables(texts: list[str]) -> frozenset[str]:
    """Find the variables that settings name as env:PEEKD_…: they hold secrets and set nothing."""
    return frozenset(name for text in texts for name in re.findall(rf"env:({PREFIX}\w+)", text))


def toml_value(text: str) -> object:
    """Read a variable's text as a TOML value, else as the string it is.

    >>> toml_value('["a"]'), toml_value("12"), toml_value("https://example.com")
    (['a'], 12, 'https://example.com')
    """
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return table["value"] if len(table) == 1 else text


def _place(parts: list[str], raw: Mapping[str, object]) -> Place | None:
    """Find the setting that the parts of a variable's name lead to."""
    place, hint, here = ROOT, cast("object", Settings), cast("object", raw)
    for part in parts:
        step = _step(part, place, without_none(hint), here)
        if step is None:
            return None
        place, hint = step
        table = cast("dict[str, object]", here) if isinstance(here, dict) else {}
        here = table.get(str(place.path[-1]))
    return place if len(parts) > 1 else None


def _step(part: str, place: Place, hint: object, here: object) -> tuple[Place, object] | None:
    struct = struct_of(hint)
    if struct:
        field = next((field for field in structs.fields(struct) if field.name.upper() == part), None)
        return (place.key(field.name), field.type) if field else None
    if part and isinstance(inspect.type_info(hint), inspect.DictType):
        inner = get_args(hint)[1]
        return place.entry(_entry_name(part, here, inner)), inner
    return None


def _entry_name(part: str, here: object, inner: object) -> str:
    """Give the name that is there and folds to `part`, else `part` as a new one; header names take dashes."""
    names = list(cast("dict[str, object]", here)) if isinstance(here, dict) else []
    folded = {re.sub(r"[^A-Z0-9]", "_", name.upper()): name for name in reversed(names)}
    new = part.lower() if struct_of(inner) else part.lower().replace("_", "-")
    return folded.get(part, new)


def _with(table: Mapping[str, object], path: Path, value: object) -> dict[str, object]:
    """Give the table with `value` at `path`; what is no table on the way is left, as a fault of its own."""
    name = str(path[0])
    if len(path) == 1:
        return {**table, name: value}
    inner = table.get(name, {})
    if not isinstance(inner, dict):
        return dict(table)
    return {**table, name: _with(cast("dict[str, object]", inner), path[1:], value)}


def _unknown(name: str, parts: list[str]) -> str:
    names = [part.lower() for part in parts]
    if names[0] in _LISTS:
        return f"[[{names[0]}]] is a list of tables; those come from the file only"
    known = {_variable(pattern, parts) for pattern, _ in known_settings() if "[]" not in pattern}
    near = nearest(name, sorted(known))
    return "expected the name of a setting, found an unknown one" + (f"; nearest: {near}" if near else "")


def _variable(pattern: str, parts: list[str]) -> str:
    """Write a pattern as a variable's name, with the operator's own names where it has them."""
    own = [*parts, *(["NAME"] * len(pattern))]
    steps = pattern.split(".")
    return PREFIX + "__".join(own[at] if step == "*" else step.upper() for at, step in enumerate(steps))
