"""What an operator may set about an account, and about choosing among several."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Mode = Literal["cache-first", "balance", "performance-first"]
Count = Annotated[int, msgspec.Meta(ge=0)]


class AccountSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One [[accounts]] table.

    `credential` is a reference (env:, file:, credential:), never the secret itself.
    `models`: patterns (* and ? only) of the upstream's model names it may serve; empty: all.
    `max_concurrent`: attempts at once, 0: no limit. Higher `priority` goes first, higher `weight` more often.
    `requests_per_minute`: attempts begun in any 60 seconds, 0: no limit. `reserve`: the share of its quota
    that is kept: where the upstream reports that less remains, others go first.
    """

    name: str
    upstream: str
    credential: str = ""
    priority: int = 0
    weight: Annotated[int, msgspec.Meta(ge=1)] = 1
    models: tuple[str, ...] = ()
    disabled: bool = False
    max_concurrent: Count = 0
    requests_per_minute: Count = 0
    reserve: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    proxy: str = ""


class SchedulingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [scheduling] table: how an account is chosen among those that could serve.

    `stay_seconds`: how long a request waits at most for its session's own account, with `cache-first`.
    """

    mode: Mode = "balance"
    stay_seconds: Annotated[float, msgspec.Meta(ge=0)] = 30.0
