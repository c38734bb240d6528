"""Messages and their content blocks as turns and parts.

https://platform.claude.com/docs/en/api/messages#body-messages
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from peekd.protocols.anthropic.carriers import FAMILY
from peekd.protocols.anthropic.usual import usual_message, usual_parts
from peekd.protocols.fields import Fields, Place
from peekd.signatures.seal import Carried, Seal, is_carrier
from peekd.vocabulary.conversation import (
    THOUGHTS,
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

_IMAGE: Final = "image/*"
"""A picture by URL: the request does not say of which kind."""

_PDF: Final = "application/pdf"
"""A document by URL is a PDF by definition of the API."""


def decode_turns(messages: Place, seal: Seal) -> tuple[Turn, ...]:
    """Give the turns; one of which nothing can be said is left out. Raises ClientError."""
    turns = (_turn(message, seal) for message in messages.items())
    return tuple(turn for turn in turns if turn.parts)


def _turn(message: Place, seal: Seal) -> Turn:
    usual = usual_message(message.value)
    if usual is None:
        return _read(message, seal)
    parts = usual_parts(usual, message.dropped)
    if usual.role != "assistant":
        return Turn(usual.role, tuple(parts))
    return Turn(
        "assistant", _replayed(parts, seal, lambda kind: message.fields().needed("content").drop(kind))
    )


def _read(message: Place, seal: Seal) -> Turn:
    """Read a message field by field, of whatever shape it is."""
    fields = message.fields()
    role = fields.needed("role")
    content = fields.needed("content")
    match role.value:
        case "assistant":
            turn = Turn("assistant", _replayed(_parts(content), seal, content.drop))
        case "user":
            turn = Turn("user", tuple(_parts(content)))
        case "system":
            turn = Turn("system", tuple(_parts(content)))
        case _:
            raise ClientError("invalid_request", f"{role.path}: expected user, assistant or system")
    fields.close()
    return turn


def _parts(content: Place) -> Iterator[Part]:
    if isinstance(content.value, str):
        yield Text(content.value)
        return
    for block in content.items():
        yield from _block(block)


def _block(block: Place) -> tuple[Part, ...]:
    fields = block.fields()
    kind = fields.needed("type").string()
    decode = _BLOCKS.get(kind)
    if decode is None:
        block.drop(f"type={kind}")
        return ()
    parts = decode(fields)
    fields.close()
    return parts


def _replayed(given: Iterable[Part], seal: Seal, drop: Callable[[str], None]) -> tuple[Part, ...]:
    """Give an assistant's parts, with carried signatures back where they stood; `drop` lists what is none."""
    parts: list[Part] = []
    owed: Carried | None = None  # a signature on its way to the next call
    for part in given:
        if isinstance(part, ToolCall) and owed is not None:
            parts.append(msgspec.structs.replace(part, signature=owed.proof, family=owed.family))
            owed = None
        elif isinstance(part, THOUGHTS) and is_carrier(_proof(part)):
            carried = seal.unwrap(_proof(part))
            if carried is None:
                drop("signature that does not hold")
            owed = carried if carried is not None and carried.kind == "call" else owed
            parts += _restored(part.text if isinstance(part, Thinking) else "", carried)
        else:
            parts.append(part)
    return tuple(parts)


def _proof(part: Thinking | RedactedThinking) -> str:
    return part.signature if isinstance(part, Thinking) else part.data


def _restored(text: str, carried: Carried | None) -> list[Part]:
    """Give what a carrying block was before it was carried."""
    match carried:
        case Carried(kind="thought"):
            return [Thinking(text, carried.proof, carried.family)]
        case Carried(kind="redacted"):
            return [RedactedThinking(carried.proof, carried.family)]
        case Carried(kind="text"):
            return [*_unproved(text), Text("", carried.proof, carried.family)]
        case _:
            return _unproved(text)


def _unproved(text: str) -> list[Part]:
    return [Thinking(text)] if text else []


# ---- one kind each --------------------------------------------------------------------------------


def _text(fields: Fields) -> tuple[Part, ...]:
    return (Text(fields.needed("text").string()),)


def _thinking(fields: Fields) -> tuple[Part, ...]:
    signature = fields.string("signature") or ""
    return (Thinking(fields.needed("thinking").string(), signature, FAMILY if signature else ""),)


def _redacted(fields: Fields) -> tuple[Part, ...]:
    return (RedactedThinking(fields.needed("data").string(), FAMILY),)


def _tool_use(fields: Fields) -> tuple[Part, ...]:
    identity, name = fields.needed("id").string(), fields.needed("name").string()
    return (ToolCall(identity, name, fields.object("input") or {}),)


def _tool_result(fields: Fields) -> tuple[Part, ...]:
    identity = fields.needed("tool_use_id").string()
    content = fields.place("content")
    said = () if content is None else tuple(_said(content))
    return (ToolResult(identity, said, fields.flag("is_error") or False),)


def _said(content: Place) -> Iterator[Text | Media]:
    """Give a result's content. A block that has no word goes as its own JSON: results must not be lost."""
    if isinstance(content.value, str):
        yield Text(content.value)
        return
    for block in content.items():
        kind = block.fields().needed("type").string()
        if kind in _RESULT_BLOCKS:
            yield from (part for part in _block(block) if isinstance(part, Text | Media))
        else:
            block.drop(f"type={kind}")
            yield Text(msgspec.json.encode(block.value).decode())


def _image(fields: Fields) -> tuple[Part, ...]:
    source = fields.needed("source")
    inside = source.fields()
    parts = (_media(source, inside, _IMAGE),)
    inside.close()
    return parts


def _document(fields: Fields) -> tuple[Part, ...]:
    source = fields.needed("source")
    inside = source.fields()
    title = fields.string("title") or ""
    place = inside.place("content")
    if place is not None:
        inside.place("type")
        parts = tuple(_parts(place))
    else:
        parts = (msgspec.structs.replace(_media(source, inside, _PDF), title=title),)
    inside.close()
    return parts


def _media(source: Place, inside: Fields, by_url: str) -> Media:
    kind = inside.needed("type")
    match kind.value:
        case "base64":
            return Media(inside.needed("media_type").string(), data=inside.needed("data").string())
        case "url":
            return Media(by_url, url=inside.needed("url").string())
        case "text":
            words = base64.b64encode(inside.needed("data").string().encode()).decode()
            return Media(inside.string("media_type") or "text/plain", data=words)
        case _:
            # A file id means something to the account that made it, and to no other upstream.
            raise ClientError(
                "invalid_request", f"{kind.path}: {source.shape} of this kind cannot be translated"
            )


_BLOCKS: Final[dict[str, Callable[[Fields], tuple[Part, ...]]]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "image": _image,
    "document": _document,
}

_RESULT_BLOCKS: Final = {"text", "image", "document"}
