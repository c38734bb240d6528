"""What of a Chat Completions request is done at OpenAI besides answering.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Final

from peekd.protocols.effects import Fields, acts, kind_of, tools_of

_CLIENTS_OWN: Final = frozenset({"function", "custom"})


def has_effects(body: bytes) -> bool:
    """Tell whether it is stored, or a search may be run."""
    return acts(body, _tells)


def _tells(said: Fields) -> bool:
    kinds = {kind_of(tool, "function") for tool in tools_of(said)}
    return bool(said.get("store") or said.get("web_search_options") is not None or kinds - _CLIENTS_OWN)
