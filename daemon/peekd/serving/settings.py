"""What an operator may set about the HTTP face."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0)]


class ServerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [server] table."""

    bind: tuple[str, ...] = ("127.0.0.1:8045",)
    auth: Literal["off", "strict", "all-except-health", "auto"] = "auto"
    client_keys: tuple[str, ...] = ()
    admin_keys: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    expose_account: bool = True
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    max_connections_per_address: Annotated[int, msgspec.Meta(ge=1)] = 256
    max_requests_per_key: Annotated[int, msgspec.Meta(ge=0)] = 0
    max_body_mib: Annotated[int, msgspec.Meta(ge=1)] = 64
    body_seconds: Seconds = 60.0
    write_stall_seconds: Seconds = 30.0
    keep_alive_seconds: Seconds = 300.0
    drain_seconds: Annotated[float, msgspec.Meta(ge=0)] = 120.0
    watch_seconds: Annotated[float, msgspec.Meta(ge=0)] = 2.0


class MetricsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [metrics] table. `open`: /metrics is for anyone; else for whoever may administer."""

    open: bool = False
