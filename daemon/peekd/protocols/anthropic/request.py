"""A Messages request as a `Conversation`; what has no word there is listed as dropped.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from peekd.protocols.anthropic.blocks import decode_turns
from peekd.protocols.anthropic.searching import PLACE, SEARCH
from peekd.protocols.fields import Dropped, Fields, Place, decode_object, decode_tools
from peekd.signatures.seal import Seal
from peekd.vocabulary.conversation import Conversation, Schema, SearchOptions, Thought, Tool, ToolChoice
from peekd.vocabulary.errors import ClientError

BILLING: Final = "x-anthropic-billing-header"
"""How a system block begins that is meant for Anthropic's accounting: it changes, and no model needs it."""

_MODES: Final[dict[str, Literal["auto", "any", "one", "none"]]] = {
    "auto": "auto",
    "any": "any",
    "tool": "one",
    "none": "none",
}

_THINKING: Final[dict[str, Literal["adaptive", "enabled", "disabled"]]] = {
    "adaptive": "adaptive",
    "enabled": "enabled",
    "disabled": "disabled",
}


def decode_request(body: bytes, seal: Seal) -> Conversation:
    """Read everything. Raises ClientError naming the field that is wrong or cannot be said."""
    dropped: Dropped = {}
    fields = Place(decode_object(body), "", "", dropped).fields()
    model = fields.needed("model").string()
    turns = decode_turns(fields.needed("messages"), seal)
    system = _system(fields)
    tools = decode_tools(fields, _tool)
    schema, effort = _output(fields)
    conversation = Conversation(
        model=model,
        turns=turns,
        system=system,
        tools=tools,
        tool_choice=_choice(fields, tools),
        thought=_thought(fields, effort),
        max_tokens=fields.integer("max_tokens"),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        top_k=fields.integer("top_k"),
        stop=tuple(place.string() for place in fields.items("stop_sequences")),
        output_schema=schema,
        stream=fields.flag("stream") or False,
    )
    fields.close()  # only now is it known what was left unread
    return msgspec.structs.replace(conversation, dropped=tuple(dropped))


def _system(fields: Fields) -> tuple[str, ...]:
    place = fields.place("system")
    if place is None:
        return ()
    if isinstance(place.value, str):
        return (place.value,)
    return tuple(text for block in place.items() if (text := _system_text(block)) is not None)


def _system_text(block: Place) -> str | None:
    inside = block.fields()
    kind = inside.needed("type").string()
    if kind != "text":
        block.drop(f"type={kind}")
        return None
    text = inside.needed("text").string()
    inside.close()
    if text.startswith(BILLING):
        block.drop(BILLING)
        return None
    return text


# ---- tools ----------------------------------------------------------------------------------------


def _tool(place: Place) -> Tool | None:
    inside = place.fields()
    kind = inside.string("type") or "custom"
    if kind.startswith(SEARCH):
        return _search(inside)
    if kind != "custom":
        place.drop(f"type={kind}")
        return None
    name, told = inside.needed("name").string(), inside.string("description") or ""
    tool = Tool(name, told, inside.object("input_schema") or {}, strict=inside.flag("strict"))
    inside.close()
    return tool


def _search(inside: Fields) -> Tool:
    place = inside.fields("user_location")
    options = SearchOptions(
        allowed_domains=tuple(domain.string() for domain in inside.items("allowed_domains")),
        blocked_domains=tuple(domain.string() for domain in inside.items("blocked_domains")),
        most_uses=inside.integer("max_uses"),
        place=None if place is None else _located(place),
    )
    tool = Tool(inside.needed("name").string(), kind="web_search", options=options)
    inside.close()
    return tool


def _located(place: Fields) -> dict[str, str]:
    place.string("type")  # there is one alone
    named = {name: place.string(name) for name in PLACE}
    place.close()
    return {name: value for name, value in named.items() if value is not None}


def _choice(fields: Fields, tools: tuple[Tool, ...]) -> ToolChoice | None:
    choice = fields.fields("tool_choice")
    if choice is None:
        return None
    kind = choice.needed("type")
    mode = _MODES.get(kind.string())
    if mode is None:
        raise ClientError("invalid_request", f"{kind.path}: expected auto, any, tool or none")
    name = choice.needed("name").string() if mode == "one" else ""
    if mode == "one" and name not in {tool.name for tool in tools}:
        raise ClientError("invalid_request", f"tool_choice.name: there is no tool {name!r} to choose")
    parallel = not (choice.flag("disable_parallel_tool_use") or False)
    choice.close()
    return ToolChoice(mode, name, parallel)


# ---- thinking and output ----------------------------------------------------------------------------


def _thought(fields: Fields, effort: str | None) -> Thought | None:
    """Give what is said of thinking; an effort alone leaves thinking off, as it is in this API."""
    place = fields.place("thinking")
    if place is None:
        return Thought("disabled", effort=effort) if effort is not None else None
    inside = place.fields()
    kind = inside.needed("type").string()
    mode = _THINKING.get(kind)
    if mode is None:
        place.drop(f"type={kind}")
        return Thought("disabled", effort=effort) if effort is not None else None
    shown = inside.string("display") != "omitted"
    thought = Thought(mode, inside.integer("budget_tokens"), effort, shown)
    inside.close()
    return thought


def _output(fields: Fields) -> tuple[Schema | None, str | None]:
    """Give output schema and effort; the schema's older place is the top level's `output_format`."""
    schema = _format(fields.place("output_format"))
    config = fields.fields("output_config")
    if config is None:
        return schema, None
    effort = config.string("effort")
    schema = _format(config.place("format")) or schema
    config.close()
    return schema, effort


def _format(place: Place | None) -> Schema | None:
    if place is None:
        return None
    inside = place.fields()
    kind = inside.needed("type").string()
    if kind != "json_schema":
        place.drop(f"type={kind}")
        return None
    schema = inside.object("schema")
    inside.close()
    return schema
