"""What of a Gemini request is done at Google besides answering.

https://ai.google.dev/gemini-api/docs/tools
"""

from __future__ import annotations

from typing import Final

from peekd.protocols.effects import Fields, acts, is_fields, tools_of

_CLIENTS_OWN: Final = frozenset({"functionDeclarations", "function_declarations"})


def has_effects(body: bytes) -> bool:
    """Tell whether a tool may be used that Google runs: a search, code, a fetch."""
    return acts(body, _tells)


def _tells(said: Fields) -> bool:
    return any(not is_fields(tool) or not tool.keys() <= _CLIENTS_OWN for tool in tools_of(said))
