"""A search on the web, asked of an upstream that runs none, or not beside functions: left out by name."""

from __future__ import annotations

import msgspec

from peekd.vocabulary.conversation import Conversation, Tool
from peekd.vocabulary.errors import ClientError


def split_tools(tools: tuple[Tool, ...]) -> tuple[tuple[Tool, ...], tuple[Tool, ...]]:
    """Give the tools that the client runs, and the searches that the upstream would run."""
    functions = tuple(tool for tool in tools if tool.kind != "web_search")
    return functions, tuple(tool for tool in tools if tool.kind == "web_search")


def without_search(conversation: Conversation, dropped: dict[str, None]) -> Conversation:
    """Give the conversation without the searches that it offers.

    Raises ClientError where it offers nothing else, or wants one made: an answer without would be another
    answer.
    """
    functions, searches = split_tools(conversation.tools)
    if not searches:
        return conversation
    names = ", ".join(tool.name for tool in searches)
    if not functions:
        raise ClientError("invalid_request", f"tools: {names}: this upstream has no such tool")
    choice = conversation.tool_choice
    if choice is not None and choice.mode == "one" and choice.name not in {tool.name for tool in functions}:
        raise ClientError("invalid_request", f"tool_choice: {choice.name}: this upstream has no such tool")
    dropped["tools[].web_search"] = None
    return msgspec.structs.replace(conversation, tools=functions)
