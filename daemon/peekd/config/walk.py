"""Compare raw settings with their structs, and find every fault of shape at once.

What the settings mean together is for `checks`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast, get_args

import msgspec
from msgspec import inspect, structs

from peekd.config.faults import SettingsFault, kind_of, nearest, shown
from peekd.config.places import ROOT, Place, written
from peekd.config.schema import Settings
from peekd.config.shapes import expected, known_settings, placeholder, struct_of, without_none

SECRET = frozenset({
    "server.client_keys", "server.client_keys[]", "server.admin_keys", "server.admin_keys[]",
    "accounts[].credential", "upstreams.*.base_url", "upstreams.*.proxy", "accounts[].proxy",
    "upstreams.*.headers", "upstreams.*.headers.*",
})  # fmt: skip
"""Where a secret may stand, rightly or not: a value from there is never shown."""


def find_faults(raw: Mapping[str, object]) -> tuple[Settings, list[SettingsFault]]:
    """Give the settings with every faulty value replaced by its default, and the faults.

    The settings are only good for further checks as long as there is a fault.
    """
    faults: list[SettingsFault] = []
    return msgspec.convert(_mended(raw, Settings, ROOT, faults), Settings), faults


def _mended(value: object, hint: object, place: Place, faults: list[SettingsFault]) -> object:
    """Give `value` with faulty parts replaced, so that it converts; tell each fault."""
    hint = without_none(hint)
    struct = struct_of(hint)
    if struct:
        return _mended_struct(value, struct, place, faults)
    match inspect.type_info(hint):
        case inspect.DictType() if isinstance(value, dict):
            entries = cast("dict[str, object]", value)
            inner = get_args(hint)[1]
            return {name: _mended(entry, inner, place.entry(name), faults) for name, entry in entries.items()}
        case inspect.VarTupleType() if isinstance(value, list):
            items = cast("list[object]", value)
            inner = get_args(hint)[0]
            return [_mended(item, inner, place.item(at), faults) for at, item in enumerate(items)]
        case _:
            return _mended_leaf(value, hint, place, faults)


def _mended_struct(
    value: object, struct: type[msgspec.Struct], place: Place, faults: list[SettingsFault]
) -> dict[str, object]:
    table = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    if not isinstance(value, dict):
        faults.append(SettingsFault(place.path, "a table", kind_of(value)))
    fields = {field.encode_name: field for field in structs.fields(struct)}
    faults.extend(_unknown(place.key(name), fields) for name in table if name not in fields)
    mended: dict[str, object] = {}
    for name, field in fields.items():
        if name in table:
            mended[name] = _mended(table[name], field.type, place.key(name), faults)
        elif field.required:
            mended[name] = placeholder(field.type)
            if isinstance(value, dict):
                faults.append(SettingsFault(place.key(name).path, expected(field.type), "nothing"))
    return mended


def _mended_leaf(value: object, hint: object, place: Place, faults: list[SettingsFault]) -> object:
    try:
        converted = msgspec.convert(value, cast("Any", hint))
    except msgspec.ValidationError:
        pass
    else:
        if not isinstance(converted, float) or math.isfinite(converted):
            return value
    found = kind_of(value) if place.pattern in SECRET else _found(value, hint)
    faults.append(SettingsFault(place.path, expected(hint), found, _near_value(value, hint)))
    return placeholder(hint)


def _found(value: object, hint: object) -> str:
    """Show a value of the right kind that is out of bounds; of another kind, only its kind."""
    kind = inspect.type_info(hint)
    bounded = isinstance(kind, inspect.IntType | inspect.FloatType | inspect.LiteralType)
    return shown(value) if bounded else kind_of(value)


def _near_value(value: object, hint: object) -> str:
    kind = inspect.type_info(hint)
    if isinstance(kind, inspect.LiteralType) and isinstance(value, str):
        return nearest(value, [f"{known}" for known in kind.values])
    return ""


def _unknown(place: Place, fields: Mapping[str, object]) -> SettingsFault:
    """Tell an unknown key: a slip of the pen, or from another table."""
    name = str(place.path[-1])
    near = nearest(name, fields)
    if near:
        near = written((*place.path[:-1], near))
    else:
        elsewhere = [known for known, _ in known_settings() if known.rpartition(".")[2] == name]
        near = min(elsewhere, key=lambda known: known.count("."), default="")
    return SettingsFault(place.path, "a known key", "an unknown one", near)
