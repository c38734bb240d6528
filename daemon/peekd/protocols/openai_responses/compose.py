"""A `Conversation` as a Responses request.

https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from peekd.protocols.interface import Call
from peekd.protocols.openai.effort import effort_of
from peekd.protocols.openai.models import Traits, traits
from peekd.protocols.openai_responses.items_out import Dropped, encode_items
from peekd.protocols.openai_responses.tools import WEB_SEARCH
from peekd.vocabulary.conversation import Conversation, Schema, SearchOptions, Thought, Tool, ToolChoice
from peekd.vocabulary.errors import ClientError

_PATH: Final = "/v1/responses"
_JSON: Final = (("content-type", "application/json"),)

_LEAST_OUTPUT: Final = 16
"""The API refuses a lower limit of tokens."""

_CHOICES: Final = {"auto": "auto", "any": "required", "none": "none"}
_PROOF: Final = "reasoning.encrypted_content"
_SOURCES: Final = "web_search_call.action.sources"


def encode_request(conversation: Conversation, *, model: str, repaired: bool, stream: bool = True) -> Call:
    """Say the conversation in this API. `repaired`: without replayed thoughts.

    Nothing is stored, so the thoughts come back as their proof. Raises ClientError where nothing is left to
    be asked, or something cannot be said.
    """
    known = traits(model)
    dropped: Dropped = {}
    items = encode_items(conversation.turns, dropped, thoughts=not repaired)
    if not items:
        raise ClientError("invalid_request", "messages: there is nothing in them that could be asked")
    body: dict[str, Any] = {
        "model": model,
        "instructions": "\n\n".join(text for text in conversation.system if text) or None,
        "input": items,
        "stream": True if stream else None,
        "store": False,
        "include": _include(conversation, known) or None,
        "tools": [_tool(tool, dropped) for tool in conversation.tools] or None,
        "reasoning": _reasoning(conversation.thought, known, dropped),
        "max_output_tokens": _limit(conversation.max_tokens, dropped),
        "text": _text(conversation.output_schema),
        **_choice(conversation.tool_choice, conversation.tools),
        **_sampling(conversation, known, dropped),
    }
    said = {key: value for key, value in body.items() if value is not None}
    return Call(_PATH, msgspec.json.encode(said), _JSON, tuple(dropped))


def _include(conversation: Conversation, known: Traits) -> list[str]:
    """Ask for proofs where the model thinks, which of unknown ones is known only by the wish for it."""
    thought = conversation.thought
    wanted = thought is not None and thought.mode != "disabled"
    asked = [_PROOF] if not known.samples or (known.effort and wanted) else []
    return asked + [_SOURCES] * any(tool.kind == WEB_SEARCH for tool in conversation.tools)


def _reasoning(thought: Thought | None, known: Traits, dropped: Dropped) -> dict[str, str] | None:
    effort = effort_of(thought, known, dropped)
    said = {"effort": effort} if effort is not None else {}
    if thought is not None and thought.mode != "disabled" and thought.shown and known.effort:
        said["summary"] = "auto"
    return said or None


def _limit(tokens: int | None, dropped: Dropped) -> int | None:
    if tokens is None or tokens >= _LEAST_OUTPUT:
        return tokens
    dropped[f"max_tokens below {_LEAST_OUTPUT}"] = None
    return _LEAST_OUTPUT


def _text(schema: Schema | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    if not schema:
        return {"format": {"type": "json_object"}}
    return {"format": {"type": "json_schema", "name": "answer", "schema": schema}}


def _sampling(conversation: Conversation, known: Traits, dropped: Dropped) -> dict[str, Any]:
    said = {"temperature": conversation.temperature, "top_p": conversation.top_p}
    unsaid = {"top_k": conversation.top_k, "stop": conversation.stop or None}
    if not known.samples:
        unsaid |= said
        said = {}
    dropped.update((name, None) for name, value in unsaid.items() if value is not None)
    return said


# ---- tools ------------------------------------------------------------------------------------------


def _tool(tool: Tool, dropped: Dropped) -> dict[str, Any]:
    """Say a tool. Here arguments must fit the schema unless it is said that they need not."""
    if tool.kind == WEB_SEARCH:
        return _search(tool.options or SearchOptions(), dropped)
    described = {"description": tool.description} if tool.description else {}
    parameters = _parameters(tool.parameters)
    return {
        "type": "function",
        "name": tool.name,
        **described,
        "parameters": parameters,
        "strict": bool(tool.strict),
    }


def _parameters(schema: Schema) -> Schema:
    """Say a schema; the API refuses an object of which no properties are told."""
    said = schema or {"type": "object"}
    return said if said.get("type") != "object" or "properties" in said else {**said, "properties": {}}


def _search(options: SearchOptions, dropped: Dropped) -> dict[str, Any]:
    said: dict[str, Any] = {"type": WEB_SEARCH}
    if options.allowed_domains:
        said["filters"] = {"allowed_domains": list(options.allowed_domains)}
    if options.place is not None:
        said["user_location"] = {"type": "approximate", **options.place}
    if options.blocked_domains:
        dropped["web_search.blocked_domains"] = None
    if options.most_uses is not None:
        dropped["web_search.max_uses"] = None
    return said


def _choice(choice: ToolChoice | None, tools: tuple[Tool, ...]) -> dict[str, Any]:
    if choice is None or not tools:
        return {}
    said: dict[str, Any] = {"tool_choice": _chosen(choice, tools)}
    return said if choice.parallel else said | {"parallel_tool_calls": False}


def _chosen(choice: ToolChoice, tools: tuple[Tool, ...]) -> object:
    if choice.mode != "one":
        return _CHOICES[choice.mode]
    if any(tool.name == choice.name and tool.kind == WEB_SEARCH for tool in tools):
        return {"type": "allowed_tools", "mode": "required", "tools": [{"type": WEB_SEARCH}]}
    return {"type": "function", "name": choice.name}
