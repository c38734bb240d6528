"""Figures and times as the pages say them. Pure."""

from __future__ import annotations

from datetime import datetime, tzinfo

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MILLIS = 0.9995
_THOUSAND, _MILLION = 1000, 1_000_000


def seconds(value: float | None) -> str:
    """Say a duration in the unit that suits it; "" for none.

    >>> [seconds(value) for value in (None, 0.0421, 1.25, 75, 3700, 200000)]
    ['', '42 ms', '1.25 s', '1 min 15 s', '1 h 1 min', '2 d 7 h']
    """
    if value is None:
        return ""
    if value < _MILLIS:
        return f"{value * 1000:.0f} ms"
    if value < _MINUTE:
        return f"{value:.2f} s"
    whole = int(value)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def count(value: float | None) -> str:
    """Say a number of tokens or requests in at most four figures; "" for none.

    >>> [count(value) for value in (None, 0, 999, 1234, 25_000, 3_400_000)]
    ['', '0', '999', '1.2 k', '25 k', '3.4 M']
    """
    if value is None:
        return ""
    for size, unit in ((_MILLION, "M"), (_THOUSAND, "k")):
        if value >= size:
            told = f"{value / size:.1f}".removesuffix(".0")
            return f"{told} {unit}"
    return f"{value:g}"


def dollars(value: float | None) -> str:
    """Say a cost; "" where it is not known.

    >>> [dollars(value) for value in (None, 0.0, 0.00042, 1.5)]
    ['', '$0', '$0.0004', '$1.50']
    """
    if value is None:
        return ""
    if not value:
        return "$0"
    return f"${value:.2f}" if value >= 1 else f"${value:.4f}"


def clock(at: float, zone: tzinfo | None) -> str:
    """Say a wall time to the second; `zone` None is this machine's.

    >>> from datetime import UTC
    >>> clock(0.0, UTC)
    '1970-01-01 00:00:00'
    """
    return datetime.fromtimestamp(at, tz=zone).strftime("%Y-%m-%d %H:%M:%S")


def stamp(at: float, zone: tzinfo | None) -> str:
    """Write a wall time for machines (ISO 8601 with its offset).

    >>> from datetime import UTC
    >>> stamp(0.0, UTC)
    '1970-01-01T00:00:00+00:00'
    """
    moment = datetime.fromtimestamp(at, tz=zone)
    return (moment if zone else moment.astimezone()).isoformat(timespec="seconds")
