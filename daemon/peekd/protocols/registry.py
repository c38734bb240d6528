"""Every wire language by its name; the one place that knows all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from peekd.protocols import anthropic, gemini, openai_chat, openai_completions, openai_responses
from peekd.protocols.anthropic import quotas as anthropic_quotas
from peekd.protocols.gemini import assist
from peekd.protocols.interface import ClientProtocol, Ids, UpstreamProtocol
from peekd.protocols.openai import quotas as openai_quotas
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

_PLATFORMS: Final[Mapping[tuple[str, str], Callable[[str, Ids], UpstreamProtocol]]] = {
    (gemini.UPSTREAM.name, assist.PLATFORM): assist.open_platform,
}
"""By protocol and platform: what makes a way of serving it, of a project and a source of fresh ids."""


def upstream_of(name: str, platform: str | None, project: str, ids: Ids) -> UpstreamProtocol:
    """Give a protocol as an upstream speaks it: its own way, or a platform's.

    Raises KeyError for one that there is not.
    """
    return UPSTREAMS[name] if platform is None else _PLATFORMS[name, platform](project, ids)


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
