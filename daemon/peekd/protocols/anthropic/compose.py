"""A `Conversation` as a Messages request.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from peekd.protocols.anthropic.looping import fit_for_loop, is_own, is_thought
from peekd.protocols.anthropic.sampling import acceptable
from peekd.protocols.anthropic.searching import SEARCH_NAME, encode_search
from peekd.protocols.fields import decode_words
from peekd.protocols.interface import Call
from peekd.vocabulary.conversation import (
    Conversation,
    Media,
    Part,
    RedactedThinking,
    Text,
    Thinking,
    Thought,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from peekd.vocabulary.errors import ClientError

_PATH: Final = "/v1/messages"
_VERSION: Final = ("anthropic-version", "2023-06-01")
"""Later versions refuse sampling parameters."""

_MAX_TOKENS: Final = 32_000
"""The API wants a limit; a client that gave none wants as much as any current model can do."""

_CHOICES: Final = {"auto": "auto", "any": "any", "one": "tool", "none": "none"}


def encode_request(conversation: Conversation, *, model: str, repaired: bool, stream: bool = True) -> Call:
    """Say the conversation in this API. `repaired`: without replayed thoughts."""
    max_tokens = _MAX_TOKENS if conversation.max_tokens is None else conversation.max_tokens
    conversation, unthought = fit_for_loop(conversation, repaired=repaired)
    conversation, refused = acceptable(conversation, max_tokens)
    turns = _answerable(conversation.turns)
    messages = [_turn(turn, repaired=repaired) for turn in turns]
    unsaid = dict.fromkeys(
        name for turn in conversation.turns for part in turn.parts for name in _unsaid(part)
    )
    if turns != conversation.turns:
        unsaid["thinking that nothing follows"] = None
    if conversation.output_schema == {}:
        unsaid["output_schema of any object"] = None
    body: dict[str, Any] = {
        "model": model,
        "messages": [message for message in messages if message["content"]],
        "max_tokens": max_tokens,
        "stream": stream,
        "system": [{"type": "text", "text": text} for text in conversation.system],
        "tools": _tools(conversation.tools, unsaid),
        "tool_choice": _choice(conversation.tool_choice),
        "thinking": _thinking(conversation.thought),
        "output_config": _output(conversation),
        "stop_sequences": list(conversation.stop),
        "temperature": conversation.temperature,
        "top_p": conversation.top_p,
        "top_k": conversation.top_k,
    }
    said = {key: value for key, value in body.items() if key == "messages" or value not in (None, [], {})}
    dropped = (*unthought, *refused, *unsaid)
    return Call(_PATH, msgspec.json.encode(said), headers=(_VERSION,), dropped=dropped)


def _answerable(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Leave out thoughts that end what the model said at once, which the API refuses anywhere.

    Codex keeps those of a broken answer; an answer may be thoughts alone. Neighbours of one role are one.
    """
    following = (*(turn.role for turn in turns[1:]), "")
    pairs = zip(turns, following, strict=True) if turns else ()
    return tuple(
        _unended(turn) if turn.role == "assistant" and after != "assistant" else turn for turn, after in pairs
    )


def _unended(turn: Turn) -> Turn:
    parts = turn.parts
    while parts and is_thought(parts[-1]):
        parts = parts[:-1]
    return turn if len(parts) == len(turn.parts) else msgspec.structs.replace(turn, parts=parts)


def _turn(turn: Turn, *, repaired: bool) -> dict[str, Any]:
    """Say a turn. Thoughts that Anthropic did not sign would be refused: they are left out."""
    kept = [part for part in turn.parts if not is_thought(part) or (is_own(part) and not repaired)]
    return {"role": turn.role, "content": [block for part in kept for block in _block(part)]}


def _unsaid(part: Part) -> Iterator[str]:
    """Name what of a part has no place here."""
    if is_thought(part) and not is_own(part):
        yield "thinking of another family" if getattr(part, "family", "") else "thinking without signature"
    if isinstance(part, Text | ToolCall) and part.signature:
        yield "signature of another family"


def _block(part: Part) -> list[dict[str, Any]]:
    match part:
        case Text():
            # An empty text is there for its signature alone, which has no place.
            return [] if part.signature and not part.text else [{"type": "text", "text": part.text}]
        case Thinking():
            return [{"type": "thinking", "thinking": part.text, "signature": part.signature}]
        case RedactedThinking():
            return [{"type": "redacted_thinking", "data": part.data}]
        case Media():
            return [_media(part)]
        case ToolCall():
            return [{"type": "tool_use", "id": part.id, "name": part.name, "input": part.arguments}]
        case ToolResult():
            content = [block for piece in part.content for block in _block(piece)]
            failed = {"is_error": True} if part.is_error else {}
            return [{"type": "tool_result", "tool_use_id": part.id, "content": content, **failed}]


def _media(part: Media) -> dict[str, Any]:
    """Say a picture, a PDF or plain text. Raises ClientError for any other kind."""
    kind = "image" if part.media_type.startswith("image/") else "document"
    if part.url:
        source = {"type": "url", "url": part.url}
    elif part.media_type == "text/plain":
        words = decode_words(part.data)
        source = {"type": "text", "media_type": part.media_type, "data": words}
    elif kind == "image" or part.media_type == "application/pdf":
        source = {"type": "base64", "media_type": part.media_type, "data": part.data}
    else:
        raise ClientError("invalid_request", f"media of type {part.media_type} has no place in this API")
    return {"type": kind, "source": source} | ({"title": part.title} if part.title else {})


def _tools(tools: tuple[Tool, ...], dropped: dict[str, None]) -> list[dict[str, Any]]:
    functions = [_tool(tool) for tool in tools if tool.kind != "web_search"]
    searches = [encode_search(tool, dropped) for tool in tools if tool.kind == "web_search"]
    if searches and any(function["name"] == SEARCH_NAME for function in functions):
        dropped["tools[].web_search"] = None  # names are unique here, and the client's own is called by it
        return functions
    return functions + searches[:1]


def _tool(tool: Tool) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    strict = {"strict": tool.strict} if tool.strict is not None else {}
    return {"name": tool.name, **described, "input_schema": tool.parameters or {"type": "object"}, **strict}


def _choice(choice: ToolChoice | None) -> dict[str, Any] | None:
    if choice is None:
        return None
    said: dict[str, Any] = {"type": _CHOICES[choice.mode]}
    if choice.mode == "one":
        said["name"] = choice.name
    return said if choice.parallel else {**said, "disable_parallel_tool_use": True}


def _thinking(thought: Thought | None) -> dict[str, Any] | None:
    if thought is None:
        return None
    said: dict[str, Any] = {"type": thought.mode}
    if thought.budget is not None:
        said["budget_tokens"] = thought.budget
    return said if thought.shown else {**said, "display": "omitted"}


def _output(conversation: Conversation) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if conversation.thought is not None and conversation.thought.effort is not None:
        said["effort"] = conversation.thought.effort
    if conversation.output_schema:
        said["format"] = {"type": "json_schema", "schema": conversation.output_schema}
    return said
