"""Searches on the web: Anthropic's own tool in requests, and the blocks that tell of one in answers.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool
"""

from __future__ import annotations

from typing import Any, Final

from peekd.vocabulary.conversation import Tool
from peekd.vocabulary.events import Searched

SEARCH: Final = "web_search_"
"""How the type of the tool begins; a date follows."""

SEARCH_NAME: Final = "web_search"
PLACE: Final = ("city", "region", "country", "timezone")
"""What can be told of where the user is."""

_VERSION: Final = "web_search_20250305"
"""What every model takes that can search."""

FOREIGN: Final = "srvtoolu_peekd_"
"""How the id of a search begins that another's model made: its results are none that Anthropic could read."""


def encode_search(tool: Tool, dropped: dict[str, None]) -> dict[str, Any]:
    """Say a search tool. The API refuses a list of allowed domains beside one of blocked domains."""
    said: dict[str, Any] = {"type": _VERSION, "name": SEARCH_NAME}
    options = tool.options
    if options is None:
        return said
    if options.most_uses is not None:
        said["max_uses"] = options.most_uses
    if options.allowed_domains:
        said["allowed_domains"] = list(options.allowed_domains)
        if options.blocked_domains:
            dropped["tools[].web_search.blocked_domains"] = None
    elif options.blocked_domains:
        said["blocked_domains"] = list(options.blocked_domains)
    if options.place:
        said["user_location"] = {"type": "approximate", **options.place}
    return said


def search_blocks(identities: list[str], searched: Searched) -> list[dict[str, Any]]:
    """Give a search as calls and their results, one pair a query; what was found stands in the last.

    `identities`: one for each query, at least one.
    """
    found = [
        {
            "type": "web_search_result",
            "url": source.url,
            "title": source.title,
            "encrypted_content": "",
            "page_age": None,
        }
        for source in searched.sources
    ]
    blocks: list[dict[str, Any]] = []
    for number, identity in enumerate(identities):
        asked = {"query": searched.queries[number]} if searched.queries else {}
        call = {"type": "server_tool_use", "id": identity, "name": SEARCH_NAME, "input": asked}
        content = found if identity == identities[-1] else []
        blocks += [call, {"type": "web_search_tool_result", "tool_use_id": identity, "content": content}]
    return blocks
