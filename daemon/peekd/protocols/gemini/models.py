"""What can be told of a Gemini model by its name: its generation and how its thinking is steered.

The figures are those of https://ai.google.dev/gemini-api/docs/thinking and of the models' own pages there.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Level = Literal["MINIMAL", "LOW", "MEDIUM", "HIGH"]

_LEVELLED_SINCE = 3
"""The generation that brought levels and checks signatures."""

_VERSION = re.compile(r"gemini-(\d+)(?:\.(\d+))?(?=-|$)")


class Traits(msgspec.Struct, frozen=True):
    """How one model is spoken to.

    `steering`: whether its thinking takes a level, a budget in tokens, or nothing at all. `budget` is the
    range of a budget other than zero, `can_rest` whether zero (no thinking) is allowed. `signed_calls`:
    a function call of the current turn must carry a thought signature. `plain_schemas`: it takes JSON Schema
    as such, and not Google's own dialect alone.
    """

    steering: Literal["level", "budget", "none"]
    max_output: int
    signed_calls: bool = False
    plain_schemas: bool = True
    budget: tuple[int, int] = (0, 0)
    can_rest: bool = False
    levels: tuple[Level, ...] = ()


_LEVELLED = Traits("level", 65_536, signed_calls=True, levels=("LOW", "MEDIUM", "HIGH"))
_LEVELLED_FULL = msgspec.structs.replace(_LEVELLED, levels=("MINIMAL", "LOW", "MEDIUM", "HIGH"))
_LEVELLED_COARSE = msgspec.structs.replace(_LEVELLED, levels=("LOW", "HIGH"))
_PRO_2_5 = Traits("budget", 65_536, budget=(128, 32_768))
_FLASH_2_5 = Traits("budget", 65_536, budget=(1, 24_576), can_rest=True)
_LITE_2_5 = Traits("budget", 65_536, budget=(512, 24_576), can_rest=True)
_THOUGHTLESS = Traits("none", 8_192, plain_schemas=False)

_BY_PREFIX: tuple[tuple[str, Traits], ...] = (
    ("gemini-2.5-flash-lite", _LITE_2_5),
    ("gemini-2.5-flash", _FLASH_2_5),
    ("gemini-2.5", _PRO_2_5),
    ("gemini-3-pro", _LEVELLED_COARSE),
    ("gemini-3-flash", _LEVELLED_FULL),
    ("gemini-3.1-flash-lite", _LEVELLED_FULL),
    ("gemini-3.5-flash", _LEVELLED_FULL),
)
"""The first prefix that fits counts."""


def traits(model: str) -> Traits:
    """Tell how `model` is spoken to.

    A name without a version, or with a later one than is known, is taken for the newest generation, with
    the levels that all of its models have.

    >>> [traits(f"gemini-{name}").steering for name in ("2.5-pro", "4.2-ultra", "2.0-flash")]
    ['budget', 'level', 'none']
    """
    name = model.rsplit("/", 1)[-1]
    for prefix, known in _BY_PREFIX:
        if name.startswith(prefix):
            return known
    version = _VERSION.match(name)
    if version is None or int(version[1]) >= _LEVELLED_SINCE:
        return _LEVELLED
    return _THOUGHTLESS
