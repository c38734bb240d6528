"""The little that is read of every request, verbatim ones too: model, stream flag, usage, session."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from peekd.protocols.fields import Place, decode_object, wrong
from peekd.protocols.openai.fields import refuse_choices, wants_usage
from peekd.protocols.openai.session import named_session
from peekd.vocabulary.conversation import Head


class _Function(msgspec.Struct, frozen=True, gc=False):
    name: str = ""


class _Tool(msgspec.Struct, gc=False):
    function: _Function = _Function()


class _Part(msgspec.Struct, gc=False):
    text: str = ""


class _Message(msgspec.Struct, gc=False):
    role: str = ""
    content: str | list[_Part] | None = None


class _Stable(msgspec.Struct, gc=False):
    messages: list[_Message]
    tools: list[_Tool] | None = None


def decode_head(body: bytes, headers: Mapping[str, str]) -> Head:
    """Read the head. `headers` are keyed in lower case. Raises ClientError naming what is wrong.

    One answer to one request: a larger `n` is refused, also where the upstream could give it.
    """
    said = decode_object(body)
    fields = Place(said, "", "", {}).fields()
    model = fields.needed("model").string()
    messages = fields.needed("messages")
    if not isinstance(messages.value, list):
        wrong("messages", "an array", messages.value)
    stream = fields.flag("stream") or False
    refuse_choices(fields)
    named = named_session(fields, headers)
    limit = fields.integer("max_completion_tokens")
    older = fields.integer("max_tokens")
    return Head(
        model=model,
        stream=stream,
        session=named or _hash(said),
        guessed=named is None,
        max_tokens=older if limit is None else limit,
        counted=not stream or wants_usage(fields),
    )


# ---- session --------------------------------------------------------------------------------------


def _hash(body: Mapping[str, Any]) -> str | None:
    """Give a digest of what stays the same from turn to turn; None if the user has said nothing yet."""
    try:
        stable = msgspec.convert(body, _Stable)
    except (ValueError, RecursionError):
        return None  # not of the shape that the API asks for: the upstream will say so
    first = next((_text(message) for message in stable.messages if message.role == "user"), "")
    if not first:
        return None
    leading = [_text(one) for one in stable.messages if one.role in {"system", "developer"}][:1]
    said = msgspec.json.encode([first, [tool.function.name for tool in stable.tools or ()], leading])
    return hashlib.sha256(said).hexdigest()[:32]


def _text(message: _Message) -> str:
    if isinstance(message.content, list):
        return "\n".join(part.text for part in message.content if part.text)
    return message.content or ""
