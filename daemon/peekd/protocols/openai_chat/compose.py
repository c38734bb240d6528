"""A `Conversation` as a Chat Completions request.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from peekd.protocols.interface import Call
from peekd.protocols.openai.effort import effort_of
from peekd.protocols.openai.models import Traits, traits
from peekd.protocols.openai_chat.history import encode_messages
from peekd.protocols.openai_chat.signatures import demands_signatures, reads_signatures, with_stand_ins
from peekd.protocols.searching import without_search
from peekd.vocabulary.conversation import Conversation, Schema, Tool, ToolChoice
from peekd.vocabulary.errors import ClientError

_PATH: Final = "/v1/chat/completions"
_JSON: Final = (("content-type", "application/json"),)

_MAX_STOPS: Final = 4
"""The API refuses a request with more stop sequences."""

_CHOICES: Final = {"auto": "auto", "any": "required", "none": "none"}


def encode_request(conversation: Conversation, *, model: str, repaired: bool, stream: bool = True) -> Call:
    """Say the conversation in this API. `repaired`: without replayed thoughts and signatures.

    Raises ClientError where nothing is left to be asked, or something cannot be said.
    """
    known = traits(model)
    dropped: dict[str, None] = {}
    conversation = without_search(conversation, dropped)
    signs = reads_signatures(model) and not repaired
    messages = encode_messages(conversation, dropped, thoughts=not repaired, signs=signs)
    if demands_signatures(model):
        messages = with_stand_ins(messages)
    if not messages:
        raise ClientError("invalid_request", "messages: there is nothing in them that could be asked")
    body: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "stream": True if stream else None,
        "stream_options": {"include_usage": True} if stream else None,
        "tools": [_tool(tool) for tool in conversation.tools] or None,
        known.limit: conversation.max_tokens,
        "reasoning_effort": effort_of(conversation.thought, known, dropped),
        "response_format": _format(conversation.output_schema),
        **_choice(conversation.tool_choice if conversation.tools else None),
        **_sampling(conversation, known, dropped),
    }
    said = {key: value for key, value in body.items() if value is not None}
    return Call(_PATH, msgspec.json.encode(said), _JSON, tuple(dropped))


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters:
        function["parameters"] = tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice | None) -> dict[str, Any]:
    if choice is None:
        return {}
    one = {"type": "function", "function": {"name": choice.name}}
    said: dict[str, Any] = {"tool_choice": one if choice.mode == "one" else _CHOICES[choice.mode]}
    return said if choice.parallel else said | {"parallel_tool_calls": False}


def _format(schema: Schema | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    if not schema:
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


def _sampling(conversation: Conversation, known: Traits, dropped: dict[str, None]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "temperature": conversation.temperature,
        "top_p": conversation.top_p,
        "stop": list(conversation.stop[:_MAX_STOPS]) or None,
    }
    if conversation.top_k is not None:
        dropped["top_k"] = None
    for number in range(_MAX_STOPS, len(conversation.stop)):
        dropped[f"stop[{number}]"] = None
    if known.samples:
        return said
    for name, value in said.items():
        if value is not None:
            dropped[name] = None
    return {}
