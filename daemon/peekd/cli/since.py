"""A point in time as people write it: how long ago, a date, a date and a time."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

_AGO: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def read_since(text: str, now: datetime) -> float:
    """Give seconds since 1970; a time without a zone is of the zone of `now`. Raises ArgumentTypeError.

    >>> now = datetime.fromisoformat("2027-01-15T08:00:00+00:00")
    >>> [read_since(text, now) - now.timestamp() for text in ("2h", "90s", "2027-01-15", "2027-01-15 09:00")]
    [-7200.0, -90.0, -28800.0, 3600.0]
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago is not None:
            return (now - timedelta(seconds=float(ago[1]) * _UNITS[ago[2]])).timestamp()
        at = datetime.fromisoformat(text.strip())
        return (at if at.tzinfo is not None else at.replace(tzinfo=now.tzinfo)).timestamp()
    except (ValueError, OverflowError) as error:
        words = f"expected a time like 2h, 30m, 7d, 2027-01-15 or 2027-01-15T08:00, found {text!r}"
        raise ArgumentTypeError(words) from error


def since_option(now: Callable[[], datetime]) -> Callable[[str], float]:
    """Give the reader of such an option; `now` has a zone."""

    def since(text: str) -> float:
        return read_since(text, now())

    return since
