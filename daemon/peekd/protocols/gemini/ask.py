"""A Gemini client's request as a `Conversation`; what has no word there is listed as dropped.

https://ai.google.dev/api/generate-content#request-body
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from peekd.protocols.fields import Dropped, Fields, Place, decode_object
from peekd.protocols.gemini.dialect import to_json_schema
from peekd.protocols.gemini.naming import listed, opened
from peekd.protocols.gemini.paths import STREAM, read_path
from peekd.protocols.gemini.turns import decode_texts, decode_turns
from peekd.protocols.searching import split_tools
from peekd.signatures.seal import Seal
from peekd.vocabulary.conversation import Conversation, Schema, SearchOptions, Thought, Tool, ToolChoice
from peekd.vocabulary.errors import ClientError

_MODES: Final[dict[str, Literal["auto", "any", "none"]]] = {
    "AUTO": "auto",
    "VALIDATED": "auto",
    "MODE_UNSPECIFIED": "auto",
    "ANY": "any",
    "NONE": "none",
}
_EFFORTS: Final = {"MINIMAL": "low", "LOW": "low", "MEDIUM": "medium", "HIGH": "high"}
_JSON: Final = "application/json"
_SEARCHES: Final = ("googleSearch", "googleSearchRetrieval")


def decode_request(body: bytes, path: str, seal: Seal) -> Conversation:
    """Read everything. Raises ClientError naming the field that is wrong or cannot be said.

    Counting may bring the request inside a `generateContentRequest`.
    """
    where = read_path(path)
    dropped: Dropped = {}
    fields = opened(Place(decode_object(body), "", "", dropped))
    inner = fields.place("generateContentRequest")
    if inner is not None:
        fields = opened(inner)
    fields.place("model")  # the path says which
    cached = fields.place("cachedContent")
    if cached is not None:
        raise ClientError("invalid_request", f"{cached.path}: this upstream has no such cache")
    turns = decode_turns(fields.place("contents"), seal)
    if not turns:
        raise ClientError("invalid_request", "contents: there is nothing in them to be asked")
    tools = _tools(fields)
    system = tuple(text for text in decode_texts(fields.place("systemInstruction")) if text)
    asked = Conversation(
        where.model,
        turns,
        system=system,
        tools=tools,
        tool_choice=_choice(fields, tools),
        stream=where.action == STREAM,
    )
    asked = _configured(asked, fields.place("generationConfig"))
    fields.close()  # only now is it known what was left unread
    return msgspec.structs.replace(asked, dropped=tuple(dropped))


# ---- tools ----------------------------------------------------------------------------------------


def _tools(fields: Fields) -> tuple[Tool, ...]:
    """Give the declared functions, and a search. Raises ClientError if there are only others of Google's."""
    places = listed(fields.place("tools"))
    tools = [tool for place in places for tool in _declared(place)]
    kinds = [name for place in places for name in opened(place).unread]
    if kinds and not tools and kinds != ["functionDeclarations"]:
        raise ClientError("invalid_request", f"tools: {', '.join(kinds)}: this upstream has no such tool")
    return tuple(tools)


def _declared(place: Place) -> Iterator[Tool]:
    inside = opened(place)
    for declaration in listed(inside.place("functionDeclarations")):
        fields = opened(declaration)
        name, told = fields.needed("name").string(), fields.string("description") or ""
        plain, google = fields.object("parametersJsonSchema"), fields.object("parameters")
        schema = to_json_schema(plain or google or {})
        yield Tool(name, told, {"type": "object", **schema} if schema else {})
        fields.close()
    for kind in _SEARCHES:
        search = inside.place(kind)
        if search is not None:
            yield _search(opened(search))
    inside.close()


def _search(fields: Fields) -> Tool:
    excluded = tuple(domain.string() for domain in fields.items("excludeDomains"))
    fields.close()
    return Tool("web_search", kind="web_search", options=SearchOptions(blocked_domains=excluded))


def _choice(fields: Fields, tools: tuple[Tool, ...]) -> ToolChoice | None:
    place = fields.place("toolConfig")
    if place is None:
        return None
    config = opened(place)
    calling = config.place("functionCallingConfig")
    config.close()
    if calling is None or not split_tools(tools)[0]:
        return None
    inside = opened(calling)
    said = inside.place("mode")
    mode = "auto" if said is None else _MODES.get(said.string().upper())
    if said is not None and mode is None:
        raise ClientError("invalid_request", f"{said.path}: expected AUTO, ANY, VALIDATED or NONE")
    names = [name.string() for name in inside.items("allowedFunctionNames")]
    inside.close()
    if mode == "any" and len(names) == 1:
        return _only(names[0], tools, calling)
    if names:
        calling.drop("allowedFunctionNames")
    return ToolChoice(mode or "auto")


def _only(name: str, tools: tuple[Tool, ...], calling: Place) -> ToolChoice:
    if name not in {tool.name for tool in tools}:
        words = f"{calling.path}.allowedFunctionNames: there is no function {name!r} to choose"
        raise ClientError("invalid_request", words)
    return ToolChoice("one", name)


# ---- generation -----------------------------------------------------------------------------------


def _configured(asked: Conversation, place: Place | None) -> Conversation:
    if place is None:
        return asked
    config = opened(place)
    if (config.number("candidateCount") or 1) != 1:
        raise ClientError("invalid_request", f"{place.path}.candidateCount: only one answer can be had")
    configured = msgspec.structs.replace(
        asked,
        temperature=config.number("temperature"),
        top_p=config.number("topP"),
        top_k=_whole(config, "topK"),
        max_tokens=_whole(config, "maxOutputTokens"),
        stop=tuple(stop.string() for stop in config.items("stopSequences")),
        output_schema=_output(config, place),
        thought=_thought(config.place("thinkingConfig")),
    )
    config.close()
    return configured


def _whole(fields: Fields, key: str) -> int | None:
    """Give a number without its fraction: Google's SDKs write 40.0."""
    number = fields.number(key)
    return None if number is None else int(number)


def _output(config: Fields, place: Place) -> Schema | None:
    """Give the output's schema. JSON of any shape, and media, are what no other protocol can be asked for."""
    kind = config.string("responseMimeType")
    schema = (
        config.object("responseJsonSchema")
        or config.object("_responseJsonSchema")
        or config.object("responseSchema")
    )
    modalities = [modality.string().upper() for modality in config.items("responseModalities")]
    if modalities and modalities != ["TEXT"]:
        place.drop("responseModalities")
    if kind == _JSON and schema is None:
        place.drop("responseMimeType")
    return to_json_schema(schema) if schema is not None else None


def _thought(place: Place | None) -> Thought | None:
    if place is None:
        return None
    config = opened(place)
    shown, budget = config.flag("includeThoughts") or False, _whole(config, "thinkingBudget")
    effort = _EFFORTS.get((config.string("thinkingLevel") or "").upper())
    config.close()
    if budget == 0:
        return Thought("disabled", shown=shown)
    if budget is not None and budget > 0:
        return Thought("enabled", budget, effort, shown)
    return Thought("adaptive", effort=effort, shown=shown)
