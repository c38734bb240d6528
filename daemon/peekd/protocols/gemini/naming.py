"""Google's two spellings of a field, snake_case and camelCase: both are read, one object at a time."""

from __future__ import annotations

import re
from typing import Any, Final, TypeGuard

from peekd.protocols.fields import Fields, Place

_WORDS: Final = re.compile(r"(?<=[a-z0-9])_([a-z])")


def camel(name: str) -> str:
    """Give a field's name in camelCase.

    >>> camel("system_instruction"), camel("mimeType"), camel("_responseJsonSchema")
    ('systemInstruction', 'mimeType', '_responseJsonSchema')
    """
    return _WORDS.sub(lambda found: found[1].upper(), name) if "_" in name else name


def opened(place: Place) -> Fields:
    """Give an object's fields by their camelCase names; what stands inside its values is not touched."""
    value = place.value
    if is_object(value) and any("_" in key for key in value):
        place = place.of({camel(key): inside for key, inside in value.items()})
    return place.fields()


def listed(place: Place | None) -> list[Place]:
    """Give an array's elements; one object is as good as an array of one: Google's own examples write it."""
    if place is None:
        return []
    return [place] if is_object(place.value) else list(place.items())


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Tell a JSON object from all else."""
    return isinstance(value, dict)
