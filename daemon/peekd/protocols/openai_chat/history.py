"""Turns as messages of a Chat Completions request: what each part becomes, and in what order.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from peekd.protocols.fields import decode_words
from peekd.protocols.openai_chat.signatures import signed
from peekd.vocabulary.conversation import (
    Conversation,
    Media,
    Part,
    RedactedThinking,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from peekd.vocabulary.errors import ClientError

Dropped = dict[str, None]
Message = dict[str, Any]


def encode_messages(
    conversation: Conversation, dropped: Dropped, *, thoughts: bool, signs: bool = False
) -> list[Message]:
    """Give the messages, instructions first, and name in `dropped` what has no place in them.

    Results go right behind their calls, each a message; pictures in them follow as the user's, since a
    result holds words alone. Thoughts are replayed only where they carry no proof: those with one are another
    family's. `signs`: Gemini's signatures go along on their calls; nobody else's have a place.
    """
    system = [text for text in conversation.system if text]
    messages: list[Message] = []
    if system:
        messages.append({"role": "system", "content": "\n\n".join(system)})
    for turn in conversation.turns:
        if turn.role == "assistant":
            messages += _assistant(turn.parts, dropped, thoughts=thoughts, signs=signs)
        else:
            messages += _asking(turn, dropped)
    return messages


def _asking(turn: Turn, dropped: Dropped) -> list[Message]:
    """Give results as messages of their own, and what else the user or the operator says after them."""
    results = [part for part in turn.parts if isinstance(part, ToolResult)]
    messages = [_result(part, dropped) for part in results]
    said: list[Part] = [piece for part in results for piece in part.content if isinstance(piece, Media)]
    said += [part for part in turn.parts if not isinstance(part, ToolResult)]
    content = _content(said, dropped)
    return [*messages, {"role": turn.role, "content": content}] if content else messages


def _result(part: ToolResult, dropped: Dropped) -> Message:
    if part.is_error:
        dropped["tool_result.is_error"] = None
    words = [{"type": "text", "text": piece.text} for piece in part.content if isinstance(piece, Text)]
    content = words[0]["text"] if len(words) == 1 else words or ""
    return {"role": "tool", "tool_call_id": part.id, "content": content}


def _content(parts: Iterable[Part], dropped: Dropped) -> str | list[dict[str, Any]]:
    """Give a string for one text, which every server reads, and an array for all else."""
    said = [encoded for part in parts if (encoded := _part(part, dropped)) is not None]
    if len(said) == 1 and said[0]["type"] == "text":
        return said[0]["text"]
    return said


def _part(part: Part, dropped: Dropped) -> dict[str, Any] | None:
    match part:
        case Text():
            return {"type": "text", "text": part.text} if part.text else None
        case Media():
            return _media(part)
        case _:
            dropped[f"{part.__struct_config__.tag} of a user"] = None
            return None


def _assistant(parts: tuple[Part, ...], dropped: Dropped, *, thoughts: bool, signs: bool) -> list[Message]:
    message: Message = {"role": "assistant"}
    content = _content((part for part in parts if isinstance(part, Text)), dropped)
    if content:
        message["content"] = content
    told = [part for part in parts if isinstance(part, Thinking)]
    bare = [part.text for part in told if not part.signature and part.text]
    if bare and thoughts:
        message["reasoning_content"] = "".join(bare)
    if len(bare) < len(told):
        dropped["thinking"] = None
    calls = [_call(part, signs=signs) for part in parts if isinstance(part, ToolCall)]
    if calls:
        message["tool_calls"] = calls
    for part in parts:
        if isinstance(part, RedactedThinking | Media):
            dropped[str(part.__struct_config__.tag)] = None
        elif isinstance(part, Text | ToolCall) and part.signature and not _goes(part, signs=signs):
            dropped["signature"] = None
    return [message] if content or calls else []


def _call(part: ToolCall, *, signs: bool) -> dict[str, Any]:
    arguments = msgspec.json.encode(part.arguments).decode()
    function = {"name": part.name, "arguments": arguments}
    call: dict[str, Any] = {"id": part.id, "type": "function", "function": function}
    return signed(call, part.signature) if _goes(part, signs=signs) else call


def _goes(part: Text | ToolCall, *, signs: bool) -> bool:
    return signs and isinstance(part, ToolCall) and part.family == "gemini" and part.signature != ""


def _media(part: Media) -> dict[str, Any]:
    """Say a picture, a document, sound or plain text. Raises ClientError for any other kind."""
    data = f"data:{part.media_type};base64,{part.data}"
    if part.media_type.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": part.url or data}}
    if part.url:
        raise ClientError(
            "invalid_request", f"media of type {part.media_type} by URL has no place in this API"
        )
    if part.media_type == "text/plain":
        return {"type": "text", "text": decode_words(part.data)}
    if part.media_type.startswith("audio/"):
        sound = {"data": part.data, "format": part.media_type.removeprefix("audio/")}
        return {"type": "input_audio", "input_audio": sound}
    if part.media_type == "application/pdf":
        return {"type": "file", "file": {"filename": part.title or "document.pdf", "file_data": data}}
    raise ClientError("invalid_request", f"media of type {part.media_type} has no place in this API")
