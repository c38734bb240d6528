"""What an operator may set about the memory of thought signatures."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

SIGNATURE_TTL: Final = 7200.0
"""Seconds after its last use for which a signature is remembered."""

MIN_SIGNATURE_LENGTH: Final = 50
"""Characters; no vendor's signature is shorter."""


class SignatureSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [signatures] table. `max_mib`: how much is remembered; the least recently used goes first."""

    recovery_note: bool = False
    ttl_seconds: Annotated[float, msgspec.Meta(gt=0)] = SIGNATURE_TTL
    min_length: Annotated[int, msgspec.Meta(ge=0)] = MIN_SIGNATURE_LENGTH
    max_mib: Annotated[int, msgspec.Meta(ge=1)] = 64
