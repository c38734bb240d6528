"""What an operator may set about what is written down."""

from __future__ import annotations

from typing import Literal

import msgspec


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [logs] table. Entries of lower rank than `level` are not written.

    `directory`: where app.log goes as well, "" for nowhere.
    """

    directory: str = ""

    level: Literal["debug", "info", "warning", "error"] = "info"


class TracingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [tracing] table. `endpoint`: where OpenTelemetry's OTLP over HTTP is taken, "" for no tracing."""

    endpoint: str = ""
