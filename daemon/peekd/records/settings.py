"""What an operator may set about what is written down."""

from __future__ import annotations

from typing import Literal

import msgspec


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [logs] table. Entries of lower rank than `level` are not written."""

    level: Literal["debug", "info", "warning", "error"] = "info"
