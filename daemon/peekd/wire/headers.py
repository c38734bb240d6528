"""Rules on HTTP headers: which travel on, which are secret, when to come back. Names compare in any case."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

Headers = Sequence[tuple[str, str]]

CREDENTIALS: Final = frozenset({"authorization", "x-api-key", "x-goog-api-key"})
"""Where callers put their keys."""

SECRET: Final = CREDENTIALS | {"cookie", "set-cookie", "proxy-authorization", "proxy-authenticate"}
"""What no log, record or error message may hold."""

HOP_BY_HOP: Final = frozenset({
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
})
"""RFC 9110 section 7.6.1, and what older programs send."""

_STAYS_HERE: Final = (
    HOP_BY_HOP
    | SECRET
    | {"host", "content-length", "accept-encoding", "expect", "forwarded", "via", "x-real-ip"}
)

_DIGITS: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")

_REQUEST_IDS: Final = ("request-id", "x-request-id", "x-goog-request-id")


def upstream_headers(
    client_headers: Headers, but: frozenset[str] = frozenset()
) -> tuple[tuple[str, str], ...]:
    """Give what goes on to an upstream of the same protocol, in order, as it was written.

    Left out: hop-by-hop headers and those that Connection names, Host, Content-Length, Accept-Encoding,
    Expect, cookies, credentials, what proxies tell of the caller, and names in `but` (lower case).

    >>> upstream_headers([("Host", "a"), ("anthropic-beta", "b"), ("X-Api-Key", "c")])
    (('anthropic-beta', 'b'),)
    """
    lows = [name.lower() for name, _ in client_headers]
    if "connection" in lows:
        but |= {
            word.strip().lower()
            for low, (_, value) in zip(lows, client_headers, strict=True)
            if low == "connection"
            for word in value.split(",")
        }
    return tuple([
        pair
        for low, pair in zip(lows, client_headers, strict=True)
        if low not in _STAYS_HERE and low not in but and not low.startswith("x-forwarded")
    ])


def value_of(headers: Headers, name: str) -> str | None:
    """Give the first header of that name (`name` in lower case)."""
    return next((value for key, value in headers if key.lower() == name), None)


def retry_after(headers: Headers, now_wall: float) -> float | None:
    """Give the seconds an upstream asks us to stay away, None if it says nothing that can be read.

    `retry-after-ms` goes before `retry-after`, which is seconds (fractions too) or an HTTP date; `now_wall`
    is the Unix time that a date is compared with. Never negative.
    """
    milliseconds = number_of(value_of(headers, "retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = value_of(headers, "retry-after")
    seconds = number_of(value)
    if seconds is not None or value is None:
        return seconds
    date = parse_http_date(value)
    return None if date is None else max(0.0, date - now_wall)


def parse_http_date(value: str | None) -> float | None:
    """Give Unix time; None for what is no date of RFC 9110 section 5.6.7.

    All three forms are read. The one of asctime() names no zone: it is GMT like the others.

    >>> parse_http_date("Sun Nov  6 08:49:37 1994") == parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT")
    True
    """
    try:
        date = parsedate_to_datetime(value) if value else None
        return None if date is None else (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def should_retry(headers: Headers) -> bool | None:
    """Give what `x-should-retry` says, None if it is missing or neither true nor false."""
    return {"true": True, "false": False}.get((value_of(headers, "x-should-retry") or "").strip().lower())


def upstream_request_id(headers: Mapping[str, str]) -> str:
    """Give the upstream's own name for a request, "" if none: all of its headers that a client may see.

    `headers`: by lower-case name.
    """
    for name in _REQUEST_IDS:
        if found := headers.get(name):
            return found
    return ""


def number_of(value: str | None) -> float | None:
    """Give a finite number that is not negative, in plain digits; None for anything else."""
    text = (value or "").strip()
    number = float(text) if _DIGITS.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None
