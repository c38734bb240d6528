"""What Gemini's `Schema` takes by type, keyword by keyword, and how a JSON Schema node tells its type.

Tables only; `schema` walks by them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Final

TYPES: Final = {
    name: name.upper() for name in ("string", "number", "integer", "boolean", "array", "object", "null")
}

_INT64: Final = 2**63
_LARGEST: Final = 1e300

_BEYOND_RE2: Final = re.compile(r"\(\?<?[=!]|\\[1-9]")

Say = Callable[[object], Any]


def _int(value: object) -> int | None:
    figure = number(value)
    if figure is None or figure != int(figure) or not 0 <= figure < _INT64:
        return None
    return int(figure)


def number(value: object) -> float | None:
    """Give a figure that a double can hold, as it was written."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _LARGEST:
        return None
    return value if math.isfinite(value) else None


def _pattern(value: object) -> str | None:
    """Give a regular expression of the plain kind: Google's own (RE2) look neither ahead nor behind."""
    return value if isinstance(value, str) and not _BEYOND_RE2.search(value) else None


def _one_of(*words: str) -> Say:
    return lambda value: value if value in words else None


KEYWORDS: Final[dict[str, dict[str, Say]]] = {
    "STRING": {
        "minLength": _int,
        "maxLength": _int,
        "pattern": _pattern,
        # Others are refused: "only 'enum' and 'date-time' are supported for STRING type".
        "format": _one_of("date-time"),
    },
    "NUMBER": {"minimum": number, "maximum": number, "format": _one_of("float", "double")},
    "INTEGER": {"minimum": number, "maximum": number, "format": _one_of("int32", "int64")},
    "BOOLEAN": {},
    "ARRAY": {"minItems": _int, "maxItems": _int},
    "OBJECT": {"minProperties": _int, "maxProperties": _int},
    "NULL": {},
}
"""By type: the keywords Gemini takes as they are, each with what makes a sound value of it."""

TELLTALES: Final = (
    ("OBJECT", ("properties", "required", "additionalProperties", "patternProperties", "propertyNames")),
    ("ARRAY", ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains")),
    ("STRING", ("pattern", "minLength", "maxLength", "format")),
    ("NUMBER", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)
"""What a node without a type is taken for, by the keywords that it has."""

HANDLED: Final = frozenset({
    "type", "description", "title", "nullable", "enum", "const", "anyOf", "oneOf", "properties", "required",
    "items", "prefixItems", "exclusiveMinimum", "exclusiveMaximum", "$defs", "definitions",
})  # fmt: skip
"""Keywords that have a rule of their own here; any other that the type does not take is lost."""
