"""Every wire language by its name; the one place that knows all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from peekd.protocols import anthropic, gemini, openai_chat, openai_completions, openai_responses
from peekd.protocols.anthropic import quotas as anthropic_quotas
from peekd.protocols.anthropic.vertex import VertexAnthropic
from peekd.protocols.gemini.assist import CodeAssist
from peekd.protocols.gemini.vertex import VertexGemini
from peekd.protocols.interface import ClientProtocol, Ids, UpstreamProtocol
from peekd.protocols.openai import quotas as openai_quotas
from peekd.protocols.vertex import Place
from peekd.vocabulary.quotas import Quota

CLIENTS: Mapping[str, ClientProtocol] = {
    anthropic.CLIENT.name: anthropic.CLIENT,
    gemini.CLIENT.name: gemini.CLIENT,
    openai_chat.CLIENT.name: openai_chat.CLIENT,
    openai_completions.CLIENT.name: openai_completions.CLIENT,
    openai_responses.CLIENT.name: openai_responses.CLIENT,
}

UPSTREAMS: Mapping[str, UpstreamProtocol] = {
    anthropic.UPSTREAM.name: anthropic.UPSTREAM,
    gemini.UPSTREAM.name: gemini.UPSTREAM,
    openai_chat.UPSTREAM.name: openai_chat.UPSTREAM,
    openai_responses.UPSTREAM.name: openai_responses.UPSTREAM,
}


class Site(msgspec.Struct, frozen=True):
    """What a platform needs to know: for whom it serves, where, and a source of fresh ids."""

    project: str = ""
    location: str = ""
    ids: Ids = str


_PLATFORMS: Final[Mapping[tuple[str, str], Callable[[Site], UpstreamProtocol]]] = {
    ("gemini", "code-assist"): lambda site: CodeAssist(site.project, site.ids),
    ("gemini", "vertex"): lambda site: VertexGemini(Place(site.project, site.location)),
    ("anthropic", "vertex"): lambda site: VertexAnthropic(Place(site.project, site.location)),
}
"""By protocol and platform: a way of serving it."""

PLATFORMS: Final = frozenset(_PLATFORMS)
"""Each protocol and platform that go together."""


def upstream_of(name: str, platform: str | None = None, site: Site | None = None) -> UpstreamProtocol:
    """Give a protocol as an upstream speaks it: its own way, or a platform's.

    Raises KeyError for one that there is not.
    """
    return UPSTREAMS[name] if platform is None else _PLATFORMS[name, platform](site or Site())


def quotas_of(name: str, headers: Mapping[str, str], wall: float) -> tuple[Quota, ...]:
    """Give what an answer's headers say is left of an account's quota; most protocols say nothing.

    `wall`: when they came, in Unix time.
    """
    match name:
        case anthropic.UPSTREAM.name:
            return anthropic_quotas.decode_quotas(headers, wall)
        case openai_chat.UPSTREAM.name | openai_responses.UPSTREAM.name:
            return openai_quotas.decode_quotas(headers)
        case _:
            return ()
