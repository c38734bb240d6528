"""What Anthropic's headers say is left of a quota.

https://platform.claude.com/docs/en/api/rate-limits#response-headers; the `unified` windows are those of
subscriptions, in use but not documented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from peekd.vocabulary.quotas import Quota
from peekd.wire.headers import number_of

_LIMITS: Final = ("requests", "tokens", "input-tokens", "output-tokens")
_WINDOWS: Final = ("5h", "7d")
_PREFIX: Final = "anthropic-ratelimit-"


def decode_quotas(headers: Mapping[str, str], wall: float) -> tuple[Quota, ...]:
    """Give what is told, in any case of names; what cannot be read is not told. `wall`: when it came."""
    told = {key: value for name, value in headers.items() if (key := name.lower()).startswith(_PREFIX)}
    return (*_limits(told, wall), *_windows(told, wall)) if told else ()


def _limits(told: Mapping[str, str], wall: float) -> Iterator[Quota]:
    """Give the limits of the model's class, each whole again at a moment."""
    for what in _LIMITS:
        limit = number_of(told.get(f"{_PREFIX}{what}-limit"))
        remaining = number_of(told.get(f"{_PREFIX}{what}-remaining"))
        reset = _moment(told.get(f"{_PREFIX}{what}-reset", ""))
        if limit and remaining is not None and reset is not None:
            yield Quota(min(1.0, remaining / limit), max(0.0, reset - wall))


def _windows(told: Mapping[str, str], wall: float) -> Iterator[Quota]:
    """Give the windows of a subscription, which all models share."""
    for window in _WINDOWS:
        used = number_of(told.get(f"{_PREFIX}unified-{window}-utilization"))
        reset = number_of(told.get(f"{_PREFIX}unified-{window}-reset"))
        if used is not None and reset is not None:
            yield Quota(max(0.0, 1.0 - used), max(0.0, reset - wall), whole=True)


def _moment(text: str) -> float | None:
    """Read RFC 3339 as Unix time; a moment without a zone is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
