"""What of a Messages request is done at Anthropic besides answering.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview
"""

from __future__ import annotations

from typing import Final

from peekd.protocols.effects import Fields, acts, kind_of, tools_of

_CLIENTS_OWN: Final = ("custom", "bash_", "text_editor_", "computer_", "memory_")
"""Tools that the client runs; the others (web search and fetch, code execution) run at the server."""

_FIELDS: Final = ("container", "mcp_servers")


def has_effects(body: bytes) -> bool:
    """Tell whether a server's tool, a container or an MCP server may be used."""
    return acts(body, _tells)


def _tells(said: Fields) -> bool:
    kinds = [kind_of(tool, "custom") for tool in tools_of(said)]
    return any(not kind.startswith(_CLIENTS_OWN) for kind in kinds) or any(said.get(key) for key in _FIELDS)
