"""Turns as input items of a Responses request: what each part becomes, and in what order.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-input
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from peekd.protocols.fields import decode_words
from peekd.protocols.openai_responses.thoughts import FAMILY
from peekd.vocabulary.conversation import (
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
Item = dict[str, Any]

_PDF: Final = "application/pdf"


def encode_items(turns: Iterable[Turn], dropped: Dropped, *, thoughts: bool) -> list[Item]:
    """Give the items, and name in `dropped` what has no place in them.

    Results come before what else is said in their turn, so that they follow their calls. Thoughts are
    replayed if `thoughts`, and only with a proof of OpenAI's own models: any other would be refused.
    """
    items: list[Item] = []
    for turn in turns:
        if turn.role == "assistant":
            items += _spoken(turn.parts, dropped, thoughts=thoughts)
        else:
            items += _asked(turn, dropped)
    return items


# ---- what the user and the operator say -------------------------------------------------------------


def _asked(turn: Turn, dropped: Dropped) -> Iterator[Item]:
    for part in turn.parts:
        if isinstance(part, ToolResult):
            yield _result(part, dropped)
    content = _content(part for part in turn.parts if not isinstance(part, ToolResult))
    for part in turn.parts:
        if not isinstance(part, ToolResult | Text | Media):
            dropped[f"{part.__struct_config__.tag} of a user"] = None
    if content:
        yield {"type": "message", "role": turn.role, "content": content}


def _result(part: ToolResult, dropped: Dropped) -> Item:
    if part.is_error:
        dropped["tool_result.is_error"] = None
    return {"type": "function_call_output", "call_id": part.id, "output": _content(part.content)}


def _content(parts: Iterable[Part]) -> str | list[Item]:
    said = [
        _piece(part) for part in parts if isinstance(part, Media) or (isinstance(part, Text) and part.text)
    ]
    if len(said) == 1 and said[0]["type"] == "input_text":
        return said[0]["text"]
    return said or ""


def _piece(part: Text | Media) -> Item:
    return {"type": "input_text", "text": part.text} if isinstance(part, Text) else _media(part)


def _media(part: Media) -> Item:
    """Say a picture, a document or text. Raises ClientError for any other kind, and for no base64."""
    data = f"data:{part.media_type};base64,{part.data}"
    if part.media_type.startswith("image/"):
        return {"type": "input_image", "image_url": part.url or data, "detail": "auto"}
    if part.url:
        return {"type": "input_file", "file_url": part.url}
    if part.media_type.startswith("text/"):
        return {"type": "input_text", "text": decode_words(part.data)}
    if part.media_type == _PDF:
        return {"type": "input_file", "filename": part.title or "document.pdf", "file_data": data}
    raise ClientError("invalid_request", f"media of type {part.media_type} has no place in this API")


# ---- what the model said ----------------------------------------------------------------------------


def _spoken(parts: Iterable[Part], dropped: Dropped, *, thoughts: bool) -> Iterator[Item]:
    for part in parts:
        match part:
            case Text():
                if part.text:
                    yield {"type": "message", "role": "assistant", "content": part.text}
            case ToolCall():
                yield _call(part)
            case Thinking(family=family, signature=proof) | RedactedThinking(family=family, data=proof):
                if family == FAMILY and proof and thoughts:
                    yield _reasoning(part.text if isinstance(part, Thinking) else "", proof)
                elif family != FAMILY or not proof:
                    dropped["thinking of another family" if family else "thinking without signature"] = None
            case _:
                dropped[f"{part.__struct_config__.tag} of the assistant"] = None
        if isinstance(part, Text | ToolCall) and part.signature:
            dropped["signature of another family"] = None


def _reasoning(text: str, proof: str) -> Item:
    summary = [{"type": "summary_text", "text": text}] if text else []
    return {"type": "reasoning", "summary": summary, "encrypted_content": proof}


def _call(part: ToolCall) -> Item:
    arguments = msgspec.json.encode(part.arguments).decode()
    return {"type": "function_call", "call_id": part.id, "name": part.name, "arguments": arguments}
