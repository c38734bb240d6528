"""What an operator may set about the ledger."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Bodies = Literal["off", "failed", "all"]
"""Of which requests the words are kept."""


class RecordSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [records] table. `max_mib` bounds what the ledger takes on disk; the oldest requests make room.

    `capture`: of which requests the upstreams' bytes are kept, `capture_mib` what these take on disk.
    """

    bodies: Bodies = "off"
    retention_days: Annotated[float, msgspec.Meta(gt=0)] = 7.0
    max_mib: Annotated[int, msgspec.Meta(ge=1)] = 512
    capture: Bodies = "off"
    capture_mib: Annotated[int, msgspec.Meta(ge=1)] = 64
