"""What the structs of the settings say about themselves: which settings there are, and what each takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import msgspec
from msgspec import inspect, structs

from peekd.config.places import ROOT, Place
from peekd.config.schema import Settings

_SCALARS: tuple[tuple[type[inspect.Type], str], ...] = (
    (inspect.BoolType, "true or false"),
    (inspect.IntType, "a whole number"),
    (inspect.FloatType, "a number"),
    (inspect.StrType, "a string"),
    (inspect.StructType, "a table"),
)


def struct_of(hint: object) -> type[msgspec.Struct] | None:
    """Give the struct that a table of this type is read into."""
    return hint if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else None


def without_none(hint: object) -> object:
    """Strip "or None": in TOML, what is not set is absent."""
    parts = get_args(hint)
    return next(part for part in parts if part is not type(None)) if type(None) in parts else hint


def known_settings() -> Iterator[tuple[str, structs.FieldInfo]]:
    """Give every setting that is not itself a table of settings: its pattern and its field."""
    yield from _known(Settings, ROOT)


def _known(struct: type[msgspec.Struct], place: Place) -> Iterator[tuple[str, structs.FieldInfo]]:
    for field in structs.fields(struct):
        here, inner = place.key(field.encode_name), field.type
        kind = inspect.type_info(inner)
        if isinstance(kind, inspect.DictType) and struct_of(get_args(inner)[1]):
            here, inner = here.entry("*"), get_args(inner)[1]
        elif isinstance(kind, inspect.VarTupleType) and struct_of(get_args(inner)[0]):
            here, inner = here.item(0), get_args(inner)[0]
        nested = struct_of(inner)
        if nested:
            yield from _known(nested, here)
        else:
            yield here.pattern, field


def expected(hint: object) -> str:
    """Say in words which values a type takes.

    >>> expected(bool), expected(tuple[str, ...])
    ('true or false', 'a list of strings')
    """
    hint = without_none(hint)
    kind = inspect.type_info(hint)
    if isinstance(kind, inspect.LiteralType):
        *others, last = (f'"{value}"' for value in get_args(hint))
        return f"{', '.join(others)} or {last}"
    if isinstance(kind, inspect.VarTupleType | inspect.DictType):
        is_list = isinstance(kind, inspect.VarTupleType)
        inner = kind.item_type if isinstance(kind, inspect.VarTupleType) else kind.value_type
        of_what = "strings" if isinstance(inner, inspect.StrType) else "tables"
        return f"a {'list' if is_list else 'table'} of {of_what}"
    return next(words for known, words in _SCALARS if isinstance(kind, known)) + _limits(kind)


def _limits(kind: inspect.Type) -> str:
    if not isinstance(kind, inspect.IntType | inspect.FloatType):
        return ""
    words = (("at least", kind.ge), ("more than", kind.gt), ("at most", kind.le), ("less than", kind.lt))
    said = [f"{word} {bound:g}" for word, bound in words if bound is not None]
    return f" of {' and '.join(said)}" if said else ""


def placeholder(hint: object) -> object:
    """Give a value that converts to the type, in place of one that is faulty or missing."""
    hint = without_none(hint)
    match inspect.type_info(hint):
        case inspect.LiteralType():
            return get_args(hint)[0]
        case inspect.VarTupleType():
            return []
        case inspect.DictType() | inspect.StructType():
            return {}
        case inspect.BoolType():
            return False
        case inspect.IntType() | inspect.FloatType():
            return 1
        case _:
            return ""
