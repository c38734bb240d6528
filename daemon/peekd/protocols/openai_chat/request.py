"""A Chat Completions request as a `Conversation`; what has no word there is listed as dropped.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from peekd.protocols.fields import Dropped, Fields, Place, decode_object, decode_tools
from peekd.protocols.openai.fields import decode_stop, refuse_choices, wants_usage
from peekd.protocols.openai_chat.messages import decode_messages
from peekd.vocabulary.conversation import Conversation, Schema, SearchOptions, Thought, Tool, ToolChoice
from peekd.vocabulary.errors import ClientError

_MODES: Final[dict[object, Literal["auto", "any", "none"]]] = {
    "auto": "auto",
    "required": "any",
    "none": "none",
}

_EFFORTS: Final = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}


def decode_request(body: bytes) -> Conversation:
    """Read everything. Raises ClientError naming the field that is wrong or cannot be said."""
    dropped: Dropped = {}
    fields = Place(decode_object(body), "", "", dropped).fields()
    model = fields.needed("model").string()
    system, turns = decode_messages(fields.needed("messages"))
    refuse_choices(fields)
    tools = (*decode_tools(fields, _tool), *_search(fields))
    wants_usage(fields)  # the head has it
    conversation = Conversation(
        model=model,
        turns=turns,
        system=system,
        tools=tools,
        tool_choice=_choice(fields, tools),
        thought=_thought(fields),
        max_tokens=_limit(fields),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        top_k=fields.integer("top_k"),
        stop=decode_stop(fields),
        output_schema=_schema(fields),
        stream=fields.flag("stream") or False,
    )
    fields.close()  # only now is it known what was left unread
    return msgspec.structs.replace(conversation, dropped=tuple(dropped))


def _limit(fields: Fields) -> int | None:
    """Give the most tokens; the newer name goes before the older."""
    newer, older = fields.integer("max_completion_tokens"), fields.integer("max_tokens")
    return older if newer is None else newer


def _thought(fields: Fields) -> Thought | None:
    place = fields.place("reasoning_effort")
    if place is None:
        return None
    effort = place.string()
    if effort == "none":
        return Thought("disabled")
    if effort not in _EFFORTS:
        place.drop(effort)
        return None
    return Thought("adaptive", effort=_EFFORTS[effort])


def _schema(fields: Fields) -> Schema | None:
    """Give the schema of the answer; an empty one stands for any JSON object."""
    place = fields.place("response_format")
    if place is None:
        return None
    inside = place.fields()
    kind = inside.needed("type").string()
    schema: Schema | None = None
    match kind:
        case "text":
            pass
        case "json_object":
            schema = {}
        case "json_schema":
            named = inside.needed("json_schema").fields()
            schema = named.object("schema") or {}
            for told in ("name", "strict"):  # its label, and a promise that a schema implies
                named.place(told)
            named.close()
        case _:
            place.drop(f"type={kind}")
            return None
    inside.close()
    return schema


# ---- tools ----------------------------------------------------------------------------------------


def _tool(place: Place) -> Tool | None:
    inside = place.fields()
    kind = inside.string("type") or "function"
    if kind != "function":
        place.drop(f"type={kind}")
        return None
    function = inside.needed("function").fields()
    name = function.needed("name").string()
    parameters: dict[str, Any] = function.object("parameters") or {}
    told, strict = function.string("description") or "", function.flag("strict")
    tool = Tool(name, told, parameters, strict=strict)
    function.close()
    inside.close()
    return tool


def _search(fields: Fields) -> tuple[Tool, ...]:
    """Give the search that a model may make, which here is no tool but an option."""
    options = fields.fields("web_search_options")
    if options is None:
        return ()
    place = options.fields("user_location")
    told: dict[str, str] = {}
    if place is not None:
        place.string("type")  # there is one alone
        told = _located(place.fields("approximate"))
        place.close()
    options.close()
    return (Tool("web_search", kind="web_search", options=SearchOptions(place=told or None)),)


def _located(place: Fields | None) -> dict[str, str]:
    if place is None:
        return {}
    named = {name: place.string(name) for name in ("city", "region", "country", "timezone")}
    place.close()
    return {name: value for name, value in named.items() if value is not None}


def _choice(fields: Fields, tools: tuple[Tool, ...]) -> ToolChoice | None:
    parallel = fields.flag("parallel_tool_calls")
    place = fields.place("tool_choice")
    if place is None:
        return ToolChoice("auto", parallel=False) if parallel is False and tools else None
    at_once = parallel is not False
    if isinstance(place.value, str):
        mode = _MODES.get(place.value)
        if mode is None:
            raise ClientError("invalid_request", f"{place.path}: expected none, auto, required or a function")
        return ToolChoice(mode, parallel=at_once) if tools else None
    inside = place.fields()
    kind = inside.needed("type").string()
    if kind != "function":
        raise ClientError("invalid_request", f"{place.path}.type: {kind!r} cannot be translated")
    function = inside.needed("function").fields()
    name = function.needed("name").string()
    if name not in {tool.name for tool in tools}:
        raise ClientError(
            "invalid_request", f"tool_choice.function.name: there is no tool {name!r} to choose"
        )
    function.close()
    inside.close()
    return ToolChoice("one", name, at_once)
