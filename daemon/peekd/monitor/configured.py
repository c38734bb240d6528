"""The configuration in force as lines to read, without secrets. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import cast

import msgspec

from peekd.monitor.said import clock
from peekd.records.redact import redacted

HIDDEN = "[hidden]"

_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_SECRET_NAME = re.compile(r"(?i).*(authorization|api-?key|token|cookie|secret|password).*")


class Setting(msgspec.Struct, frozen=True):
    """One key of a table with its value as text; `set`: whether it differs from the default."""

    table: str
    key: str
    value: str
    set: bool


class Standing(msgspec.Struct, frozen=True):
    """How the settings were last read, as the house describes it: see `relay.standing`."""

    file: str = ""
    at: float = 0.0
    faults: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()


class _Described(msgspec.Struct):
    settings: Standing = Standing()


def standing_of(described: object) -> Standing:
    """Give how the settings were last read."""
    return msgspec.convert(msgspec.to_builtins(described), _Described).settings


def notes_of(standing: Standing, zone: tzinfo | None) -> list[str]:
    """Say where the settings come from, what is wrong with newer ones, and what waits for a restart."""
    notes = [f"Read from {standing.file} at {clock(standing.at, zone)}."] if standing.file else []
    notes += [f"Not taken over, for a fault: {fault}" for fault in standing.faults]
    if standing.faults:
        notes.append(
            f"What you can do: mend {standing.file or 'the file'}; `peekd check` tells what and where."
        )
    return notes + [f"Changed, and waits for a restart: {name}" for name in standing.restart]


def settings_of(settings: msgspec.Struct) -> list[Setting]:
    """List every setting by table, as the file names them.

    A setting names where a secret is and never holds one, but a header or a URL from the environment might:
    users and passwords in URLs, headers that sound secret, and whatever looks like a key are not shown.
    """
    plain = cast("Mapping[str, object]", msgspec.to_builtins(type(settings)()))
    return [
        Setting(table, key, _text(key, value), set=bool(table) and _at(plain, table, key) != value)
        for table, key, value in _flat(cast("Mapping[str, object]", msgspec.to_builtins(settings)), "")
    ]


def _flat(table: Mapping[str, object], name: str) -> Iterator[tuple[str, str, object]]:
    """Give table, key and value of all that lies in a table: its own keys first."""
    nested: list[tuple[str, object]] = []
    for key, value in table.items():
        if isinstance(value, Mapping) or _is_tables(value):
            nested.append((key, cast("object", value)))
        elif value is not None and not isinstance(value, msgspec.UnsetType):
            yield name, key, value
    for key, value in nested:
        place = f"{name}.{key}" if name else key
        if isinstance(value, Mapping):
            yield from _flat(cast("Mapping[str, object]", value), place)
        else:
            for number, one in enumerate(cast("Sequence[Mapping[str, object]]", value), 1):
                yield from _flat(one, f"{place} {number}")


def _is_tables(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and bool(cast("Sequence[object]", value))
        and isinstance(cast("Sequence[object]", value)[0], Mapping)
    )


def _at(plain: Mapping[str, object], table: str, key: str) -> object:
    """Give the default that stands at this place; none where the operator named the table."""
    place = plain
    for part in table.split("."):
        inner = place.get(part)
        if not isinstance(inner, Mapping):
            return None
        place = cast("Mapping[str, object]", inner)
    return place.get(key)


def _text(key: str, value: object) -> str:
    words = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if isinstance(value, str) and _SECRET_NAME.fullmatch(key):
        return HIDDEN
    shown = _USERINFO.sub(f"{HIDDEN}@", words)
    return shown if _names_a_place(shown) else _without_keys(shown)


def _names_a_place(text: str) -> bool:
    return text.startswith(("env:", "file:", "credential:", "google:"))


def _without_keys(text: str) -> str:
    return HIDDEN if "[key]" in redacted(text) else text
