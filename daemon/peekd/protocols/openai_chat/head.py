"""The little that is read of every request, verbatim ones too: model, stream flag, usage, session."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import islice
from typing import Final, cast

import msgspec

from peekd.protocols.fields import Place, begins, decode_outline, decode_value, wrong
from peekd.protocols.openai.fields import refuse_choices, wants_usage
from peekd.protocols.openai.session import named_session
from peekd.vocabulary.conversation import Head

_LONG: Final = frozenset({"messages", "tools"})
"""What is most of a request, and read whole only where it has to be said in other words."""


class _Function(msgspec.Struct, frozen=True, gc=False):
    name: str = ""


class _Tool(msgspec.Struct, gc=False):
    function: _Function = _Function()


class _Part(msgspec.Struct, gc=False):
    text: str = ""


class _Message(msgspec.Struct, gc=False):
    role: str = ""
    content: msgspec.Raw = msgspec.Raw(b"null")


_messages: Final = msgspec.json.Decoder(list[_Message])
_contents: Final[msgspec.json.Decoder[str | list[_Part] | None]] = msgspec.json.Decoder(
    str | list[_Part] | None
)
_tools: Final[msgspec.json.Decoder[list[_Tool] | None]] = msgspec.json.Decoder(list[_Tool] | None)


def decode_head(body: bytes, headers: Mapping[str, str]) -> Head:
    """Read the head. `headers` are keyed in lower case. Raises ClientError naming what is wrong.

    One answer to one request: a larger `n` is refused, also where the upstream could give it.
    """
    said = decode_outline(body, _LONG)
    fields = Place(said, "", "", {}).fields()
    model = fields.needed("model").string()
    messages = cast("msgspec.Raw", fields.needed("messages").value)
    if not begins(messages, b"["):
        wrong("messages", "an array", decode_value(messages))
    stream = fields.flag("stream") or False
    refuse_choices(fields)
    named = named_session(fields, headers)
    limit = fields.integer("max_completion_tokens")
    older = fields.integer("max_tokens")
    return Head(
        model=model,
        stream=stream,
        session=named or _hash(messages, said.get("tools")),
        guessed=named is None,
        max_tokens=older if limit is None else limit,
        counted=not stream or wants_usage(fields),
    )


# ---- session --------------------------------------------------------------------------------------


def _hash(messages: msgspec.Raw, tools: msgspec.Raw | None) -> str | None:
    """Give a digest of what stays the same from turn to turn; None if the user has said nothing yet."""
    try:
        said = _messages.decode(messages)
        first = next((_text(one.content) for one in said if one.role == "user"), "")
        leaders = (one.content for one in said if one.role in {"system", "developer"})
        leading = [_text(content) for content in islice(leaders, 1)]
        names = [tool.function.name for tool in (_tools.decode(tools) if tools else None) or ()]
    except (ValueError, RecursionError):
        return None  # not of the shape that the API asks for: the upstream will say so
    if not first:
        return None
    stable = msgspec.json.encode([first, names, leading])
    return hashlib.sha256(stable).hexdigest()[:32]


def _text(content: msgspec.Raw) -> str:
    read = _contents.decode(content)
    if isinstance(read, list):
        return "\n".join(part.text for part in read if part.text)
    return read or ""
