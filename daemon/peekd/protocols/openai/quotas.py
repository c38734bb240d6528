"""What OpenAI's headers say is left of a quota; compatible servers send the same.

https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from peekd.vocabulary.quotas import Quota
from peekd.wire.durations import parse_duration
from peekd.wire.headers import number_of

_LIMITS: Final = ("requests", "tokens")
_PREFIX: Final = "x-ratelimit-"


def decode_quotas(headers: Mapping[str, str]) -> tuple[Quota, ...]:
    """Give what is told, in any case of names; what cannot be read is not told.

    >>> decode_quotas({"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "15",
    ...                "x-ratelimit-reset-requests": "6m0s"})
    (Quota(share=0.25, seconds=360.0, whole=False),)
    """
    told = {name.lower(): value for name, value in headers.items() if name.lower().startswith(_PREFIX)}
    return tuple(_limits(told)) if told else ()


def _limits(told: Mapping[str, str]) -> Iterator[Quota]:
    for what in _LIMITS:
        limit = number_of(told.get(f"{_PREFIX}limit-{what}"))
        remaining = number_of(told.get(f"{_PREFIX}remaining-{what}"))
        reset = told.get(f"{_PREFIX}reset-{what}", "")
        seconds = number_of(reset)
        seconds = parse_duration(reset) if seconds is None else seconds
        if limit and remaining is not None and seconds is not None:
            yield Quota(min(1.0, remaining / limit), seconds)
