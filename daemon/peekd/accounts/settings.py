"""What an operator may set about an account."""

from __future__ import annotations

from typing import Annotated

import msgspec


class AccountSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One [[accounts]] table.

    `credential` is a reference (env:, file:, credential:), never the secret itself.
    `models`: patterns (* and ? only) of the upstream's model names it may serve; empty: all.
    `max_concurrent`: attempts at once, 0: no limit. Higher `priority` goes first, higher `weight` more often.
    """

    name: str
    upstream: str
    credential: str = ""
    priority: int = 0
    weight: Annotated[int, msgspec.Meta(ge=1)] = 1
    models: tuple[str, ...] = ()
    disabled: bool = False
    max_concurrent: Annotated[int, msgspec.Meta(ge=0)] = 0
    proxy: str = ""
