"""Every wire language by its name; the one place that knows all of them."""

from __future__ import annotations

from collections.abc import Mapping

from peekd.protocols import anthropic, gemini, openai_chat, openai_responses
from peekd.protocols.interface import ClientProtocol, UpstreamProtocol

CLIENTS: Mapping[str, ClientProtocol] = {
    anthropic.CLIENT.name: anthropic.CLIENT,
    gemini.CLIENT.name: gemini.CLIENT,
    openai_chat.CLIENT.name: openai_chat.CLIENT,
    openai_responses.CLIENT.name: openai_responses.CLIENT,
}

UPSTREAMS: Mapping[str, UpstreamProtocol] = {
    anthropic.UPSTREAM.name: anthropic.UPSTREAM,
    gemini.UPSTREAM.name: gemini.UPSTREAM,
    openai_chat.UPSTREAM.name: openai_chat.UPSTREAM,
    openai_responses.UPSTREAM.name: openai_responses.UPSTREAM,
}
