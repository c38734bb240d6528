"""What an operator may set about an upstream."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from peekd.healing.settings import HealingOverrides

Protocol = Literal["anthropic", "gemini", "openai-chat", "openai-responses"]
Platform = Literal["code-assist"]
Auth = Literal["x-goog-api-key", "x-api-key", "bearer", "none"]


class UpstreamSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One [upstreams.NAME] table. `base_url` is http(s)://… or simulator:SCRIPT.

    `platform`: who serves the protocol in a way of its own, for which `project`; None: nobody.
    `auth` None: the protocol's or the platform's own way. `proxy`: http://, https:// or socks5:// URL.
    `max_connections`: open connections to this upstream at once. `streams` False: it is asked for whole
    answers only.
    """

    protocol: Protocol
    base_url: str
    auth: Auth | None = None
    platform: Platform | None = None
    project: str = ""
    headers: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    proxy: str = ""
    max_connections: Annotated[int, msgspec.Meta(ge=1)] = 256
    streams: bool = True
    healing: HealingOverrides = HealingOverrides()
