"""Spans of time as Google writes them: "34.07s", "1h16m0.667s", "510.79ms"."""

from __future__ import annotations

import re
from typing import Final

_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}

_PIECE: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(h|ms|m|us|ns|s)")
_WHOLE: Final = re.compile(rf"(?:{_PIECE.pattern})+")

_LONGEST: Final = 64
"""Characters: no span of time needs more, and nothing longer is worth reading."""


def parse_duration(text: str) -> float | None:
    """Give seconds, None for what is no duration. Several pieces add up.

    >>> parse_duration("1h16m0.667s"), parse_duration("500ms"), parse_duration("6m0s")
    (4560.667, 0.5, 360.0)
    >>> parse_duration("soon") is None
    True
    """
    text = text.strip()
    if len(text) > _LONGEST or not _WHOLE.fullmatch(text):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _PIECE.findall(text))
