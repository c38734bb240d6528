"""Google's own dialect of schemas as JSON Schema. The way back is `schema`.

https://ai.google.dev/api/caching#Schema
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from peekd.protocols.gemini.flatten import is_list, is_object
from peekd.protocols.gemini.naming import camel
from peekd.vocabulary.conversation import Schema
from peekd.vocabulary.errors import ClientError

_TYPES: Final = {"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"}
_COUNTS: Final = {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"}
"""Whole numbers that Google writes as strings, since they are of 64 bits."""

_INT64: Final = re.compile(r"[0-9]{1,19}")

_GONE: Final = {"propertyOrdering", "nullable"}
_FORMATS: Final = {"enum", "int32", "int64", "float", "double"}
"""Formats that JSON Schema has no such word for."""

_SPELLED: Final = _COUNTS | _GONE | {"anyOf", "oneOf", "allOf", "additionalProperties"}
_SPELLINGS: Final = {name.lower(): name for name in _SPELLED}


def to_json_schema(schema: Schema) -> Schema:
    """Give the schema in JSON Schema's words; one that already is in them stays as it is.

    Raises ClientError for one that is nested beyond measure.
    """
    try:
        return _plain(schema)
    except RecursionError as fault:
        raise ClientError("invalid_request", "a schema is nested too deeply to be translated") from fault


def _plain(schema: Schema) -> Schema:
    plain: Schema = {}
    for key, value in schema.items():
        name = _SPELLINGS.get(camel(key).lower(), key)
        if name not in _GONE and not (name == "format" and isinstance(value, str) and value in _FORMATS):
            plain[name] = _KEYWORDS.get(name, _same)(value)
    if plain.get("type") == "TYPE_UNSPECIFIED":
        del plain["type"]
    return _nullable(plain) if schema.get("nullable") is True else plain


def _nullable(schema: Schema) -> Schema:
    kind = schema.get("type")
    if isinstance(kind, str) and kind != "null":
        schema["type"] = [kind, "null"]
        if is_list(schema.get("enum")) and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
    elif "type" not in schema and is_list(schema.get("anyOf")):
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
    return schema


def _same(value: object) -> object:
    return value


def _kind(value: object) -> object:
    if is_list(value):
        return [_kind(one) for one in value]
    return value.lower() if isinstance(value, str) and value in _TYPES else value


def _count(value: object) -> object:
    return int(value) if isinstance(value, str) and _INT64.fullmatch(value) else value


def _one(value: object) -> object:
    return _plain(value) if is_object(value) else value


def _each(value: object) -> object:
    return [_one(one) for one in value] if is_list(value) else _one(value)


def _named(value: object) -> object:
    return {name: _one(one) for name, one in value.items()} if is_object(value) else value


_KEYWORDS: Final[dict[str, Callable[[Any], object]]] = {
    "type": _kind,
    **dict.fromkeys(_COUNTS, _count),
    **dict.fromkeys(("items", "prefixItems", "anyOf", "oneOf", "allOf"), _each),
    **dict.fromkeys(("not", "additionalProperties", "if", "then", "else"), _one),
    **dict.fromkeys(("properties", "$defs", "definitions", "patternProperties"), _named),
}
"""How a keyword's value is said; any other stays, whatever it looks like."""
