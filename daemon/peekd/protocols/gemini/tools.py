"""Tools and the choice among them, as a Gemini request says them.

https://ai.google.dev/api/caching#Tool
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import msgspec

from peekd.protocols.gemini.plain import plain_parameters
from peekd.protocols.gemini.schema import clean_parameters
from peekd.protocols.searching import split_tools, without_search
from peekd.vocabulary.conversation import Conversation, Schema, Tool, ToolChoice

_KEPT: Final = 512
_LARGE: Final = 16_384
"""How many tools' parameters are remembered, and of how many bytes of JSON at most."""

_MODES: Final = {"auto": "AUTO", "any": "ANY", "one": "ANY", "none": "NONE"}


def encode_tools(conversation: Conversation, *, plain: bool) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Give the body's fields for tools, and what could not be said, by name.

    `plain`: parameters go as JSON Schema, where they are one object; else in Google's own dialect.

    Most models refuse a search beside functions ("tool use with function calling is unsupported"): the
    functions stay, since the client has them ready, and the search is left out. Raises ClientError where the
    search was to be made.
    """
    if not conversation.tools:
        return {}, ()
    dropped: dict[str, None] = {}
    functions, searches = split_tools(conversation.tools)
    if searches and not functions:
        return _searching(searches[0], conversation.tool_choice, dropped), tuple(dropped)
    conversation = without_search(conversation, dropped)
    if not functions:
        return {}, ()
    declarations = [_declaration(tool, dropped, plain=plain) for tool in functions]
    fields: dict[str, Any] = {"tools": [{"functionDeclarations": declarations}]}
    return fields | _choice(conversation.tool_choice, dropped), tuple(dropped)


def _searching(tool: Tool, choice: ToolChoice | None, dropped: dict[str, None]) -> dict[str, Any]:
    """Offer the search alone: it takes no wishes, and the model cannot be made to search."""
    if choice is not None and choice.mode == "none":
        return {}
    if choice is not None and choice.mode != "auto":
        dropped["tool_choice"] = None
    options = tool.options
    wishes = {
        "allowed_domains": options and options.allowed_domains,
        "blocked_domains": options and options.blocked_domains,
        "max_uses": options and options.most_uses,
        "user_location": options and options.place,
    }
    dropped.update(dict.fromkeys(f"tools[].web_search.{name}" for name, wish in wishes.items() if wish))
    return {"tools": [{"googleSearch": {}}]}


def _declaration(tool: Tool, dropped: dict[str, None], *, plain: bool) -> dict[str, Any]:
    if tool.strict is not None:
        dropped["tools[].strict"] = None
    declaration: dict[str, Any] = {"name": tool.name}
    if tool.description:
        declaration["description"] = tool.description
    key, parameters, words = _parameters(tool.parameters, plain=plain)
    if parameters:
        declaration[key] = parameters
    dropped.update(dict.fromkeys(f"tools[].parameters.{word}" for word in words))
    return declaration


_Said = tuple[str, dict[str, Any] | None, tuple[str, ...]]
"""The field that says parameters, what it says, and the keywords that are lost."""


def _parameters(schema: Schema, *, plain: bool) -> _Said:
    """Say parameters. An agent offers the same tools with every request: what comes of them is remembered."""
    try:
        said = msgspec.json.encode(schema)
    except RecursionError:  # its depths are cut off
        return _made(schema, plain=plain)
    return _remembered(said, plain=plain) if len(said) <= _LARGE else _made(schema, plain=plain)


@lru_cache(_KEPT)
def _remembered(said: bytes, *, plain: bool) -> _Said:
    """Say parameters for the first time. What is given is only ever read."""
    return _made(msgspec.json.decode(said, type=Schema), plain=plain)


def _made(schema: Schema, *, plain: bool) -> _Said:
    told = plain_parameters(schema) if plain else None
    return ("parameters", *clean_parameters(schema)) if told is None else ("parametersJsonSchema", *told)


def _choice(choice: ToolChoice | None, dropped: dict[str, None]) -> dict[str, Any]:
    if choice is None:
        return {}
    if not choice.parallel:
        dropped["tool_choice.parallel"] = None
    config: dict[str, Any] = {"mode": _MODES[choice.mode]}
    config |= {"allowedFunctionNames": [choice.name]} if choice.mode == "one" else {}
    return {"toolConfig": {"functionCallingConfig": config}}
