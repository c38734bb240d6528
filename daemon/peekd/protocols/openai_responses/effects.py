"""What of a Responses request is done at OpenAI besides answering.

https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from typing import Final

from peekd.protocols.effects import Fields, acts, is_fields, kind_of, tools_of

_CLIENTS_OWN: Final = frozenset({"function", "custom", "local_shell", "apply_patch", "tool_search"})
"""Tools that the client runs; a `namespace` is judged by those in it, all others run at the server."""

_FIELDS: Final = ("background", "previous_response_id", "conversation")


def has_effects(body: bytes) -> bool:
    """Tell whether it is stored (it is, unless it says no), goes on elsewhere, or runs a server's tool."""
    return acts(body, _tells)


def _tells(said: Fields) -> bool:
    return said.get("store") is not False or any(said.get(key) for key in _FIELDS) or _runs(said)


def _runs(said: Fields) -> bool:
    for tool in tools_of(said):
        kind = kind_of(tool, "function")
        if kind == "namespace" and is_fields(tool):
            if _runs(tool):
                return True
        elif kind not in _CLIENTS_OWN:
            return True
    return False
