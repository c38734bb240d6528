"""What an operator may set about an upstream."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from peekd.healing.settings import HealingOverrides

Protocol = Literal["anthropic", "gemini", "openai-chat", "openai-responses"]
Platform = Literal["code-assist", "vertex"]
JURISDICTIONS = frozenset({"us", "eu"})
"""Locations of Vertex AI that are more than a region and less than the world."""

Auth = Literal["x-goog-api-key", "x-api-key", "bearer", "none"]


class UpstreamSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One [upstreams.NAME] table. `base_url` is http(s)://… or simulator:SCRIPT.

    `platform`: who serves the protocol in a way of its own, for which `project` and (Vertex AI) where; None:
    nobody. `base_url` "": the platform's own.
    `auth` None: the protocol's or the platform's own way. `proxy`: http://, https:// or socks5:// URL.
    `max_connections`: open connections to this upstream at once. `streams` False: it is asked for whole
    answers only.
    """

    protocol: Protocol
    base_url: str = ""
    auth: Auth | None = None
    platform: Platform | None = None
    project: str = ""
    location: str = ""
    headers: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    proxy: str = ""
    max_connections: Annotated[int, msgspec.Meta(ge=1)] = 256
    streams: bool = True
    healing: HealingOverrides = HealingOverrides()

    @property
    def address(self) -> str:
        """The base URL in force; "" where nothing says one."""
        vertex = self.platform == "vertex" and bool(self.location)
        return self.base_url or (vertex_address(self.location) if vertex else "")


def vertex_address(location: str) -> str:
    """Give where Vertex AI serves a location: the whole world, a jurisdiction, or one region.

    https://docs.cloud.google.com/vertex-ai/generative-ai/docs/learn/locations

    >>> vertex_address("global"), vertex_address("eu")
    ('https://aiplatform.googleapis.com', 'https://aiplatform.eu.rep.googleapis.com')
    >>> vertex_address("europe-west4")
    'https://europe-west4-aiplatform.googleapis.com'
    """
    if location == "global":
        return "https://aiplatform.googleapis.com"
    if location in JURISDICTIONS:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"
