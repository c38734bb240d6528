"""A Responses request as a `Conversation`; what has no word there is listed as dropped.

https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from typing import Final

import msgspec

from peekd.protocols.fields import Dropped, Fields, Place, decode_object, decode_tools
from peekd.protocols.openai_responses.items import Items
from peekd.protocols.openai_responses.tools import read_choice, read_tool
from peekd.signatures.seal import Seal
from peekd.vocabulary.conversation import Conversation, Schema, Text, Thought, Tool, Turn
from peekd.vocabulary.errors import ClientError

_EFFORTS: Final = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}

_ELSEWHERE: Final = ("previous_response_id", "conversation", "prompt")
"""What lies at OpenAI, and at no other upstream."""

_GIVEN: Final = ("reasoning.encrypted_content", "web_search_call.action.sources")
"""What may be asked for besides and is given always."""


def decode_request(body: bytes, seal: Seal) -> Conversation:
    """Read everything. Raises ClientError naming the field that is wrong or cannot be said."""
    dropped: Dropped = {}
    fields = Place(decode_object(body), "", "", dropped).fields()
    model = fields.needed("model").string()
    _refuse_elsewhere(fields)
    items = _items(fields, seal)
    tools = _unique((*decode_tools(fields, read_tool), *items.tools))
    choice, tools = read_choice(fields, tools)
    _include(fields)
    conversation = Conversation(
        model=model,
        turns=tuple(items.turns),
        system=tuple(items.system),
        tools=tools,
        tool_choice=choice,
        thought=_thought(fields),
        max_tokens=fields.integer("max_output_tokens"),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        output_schema=_schema(fields),
        stream=fields.flag("stream") or False,
    )
    fields.close()  # only now is it known what was left unread
    return msgspec.structs.replace(conversation, dropped=tuple(dropped))


def _refuse_elsewhere(fields: Fields) -> None:
    for name in _ELSEWHERE:
        if fields.place(name) is not None:
            raise ClientError(
                "invalid_request", f"{name}: this upstream keeps no such thing; send all of it in `input`"
            )
    if fields.flag("background"):
        raise ClientError("invalid_request", "background: this upstream answers at once or not at all")


def _items(fields: Fields, seal: Seal) -> Items:
    items = Items(seal)
    instructions = fields.string("instructions")
    if instructions:
        items.system.append(instructions)
    said = fields.needed("input")
    if isinstance(said.value, str):
        items.turns.append(Turn("user", (Text(said.value),)))
        return items
    for place in said.items():
        items.read(place)
    return items


def _unique(tools: tuple[Tool, ...]) -> tuple[Tool, ...]:
    """Give each name once: a tool may be loaded by a search and then be listed too."""
    return tuple({tool.name: tool for tool in reversed(tools)}.values())[::-1]


def _include(fields: Fields) -> None:
    """Read what is asked for besides; `store` false asks for what is so anyhow."""
    for place in fields.items("include"):
        if place.string() not in _GIVEN:
            place.drop(place.string())
    store = fields.place("store")
    if store is not None and store.value is not False:
        store.drop("true")


def _thought(fields: Fields) -> Thought | None:
    """Give what is said of thinking. Only a summary shows thoughts; without one their proofs go along."""
    place = fields.place("reasoning")
    if place is None:
        return None
    inside = place.fields()
    wanted = inside.place("effort")
    older = inside.string("generate_summary")
    summary = inside.string("summary") or older
    inside.close()
    shown = summary is not None and summary != "none"
    effort = None if wanted is None else wanted.string()
    if effort == "none":
        return Thought("disabled")
    if wanted is not None and effort not in _EFFORTS:
        wanted.drop(str(effort))
    if effort is None and not shown:
        return None
    return Thought("adaptive", effort=_EFFORTS.get(effort or ""), shown=shown)


def _schema(fields: Fields) -> Schema | None:
    """Give the schema of the answer; an empty one stands for any JSON object."""
    text = fields.fields("text")
    place = text.place("format") if text is not None else None
    if text is not None:
        text.close()
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
            schema = inside.object("schema") or {}
            for told in ("name", "strict"):  # its label, and a promise that a schema implies
                inside.place(told)
        case _:
            place.drop(f"type={kind}")
            return None
    inside.close()
    return schema
