"""The little that is read of every request: the model and the action in its path, and the session."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from peekd.protocols.gemini.naming import camel, is_object
from peekd.protocols.gemini.paths import STREAM, read_path
from peekd.vocabulary.conversation import Head
from peekd.vocabulary.errors import ClientError

_SESSION_HEADERS: Final = ("x-claude-code-session-id", "session-id", "thread-id")


class _Part(msgspec.Struct, gc=False):
    text: str = ""
    thought: bool = False


class _Content(msgspec.Struct, gc=False):
    role: str = ""
    parts: list[_Part] | _Part = []


class _Declared(msgspec.Struct, gc=False):
    name: str = ""


_fields: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_contents: Final[msgspec.json.Decoder[list[msgspec.Raw] | _Content]] = msgspec.json.Decoder(
    list[msgspec.Raw] | _Content
)
_content: Final = msgspec.json.Decoder(_Content)
_tools: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_declared: Final = msgspec.json.Decoder(list[_Declared])
_NONE: Final = msgspec.Raw(b"[]")
_NOTHING: Final = msgspec.Raw(b"{}")
_NULL: Final = msgspec.Raw(b"null")
_GOOGLES: Final = b"https://generativelanguage.googleapis.com/"
_FILE: Final = re.compile(rb'"file_?[uU]ri"\s*:\s*"(https://generativelanguage\.googleapis\.com/[^"\\]+)"')
"""A file that was uploaded to Google, which its owner alone can read."""


def decode_head(body: bytes, headers: Mapping[str, str], path: str) -> Head:
    """Read the head. `headers` are keyed in lower case. Raises ClientError naming what is wrong.

    What of the body is not of the shape that the API asks for is the upstream's to judge.
    """
    where = read_path(path)
    try:
        fields = _camelled(body)
    except (ValueError, RecursionError) as fault:
        raise ClientError("invalid_request", f"the body is no JSON object: {fault}") from fault
    named = next((value for name in _SESSION_HEADERS if (value := headers.get(name))), None)
    digest = None if named else _hash(fields)
    return Head(
        model=where.model,
        stream=where.action == STREAM,
        session=named or digest,
        guessed=digest is not None,
        max_tokens=_limit(fields),
        names=_names_of(fields, body),
    )


def _names_of(fields: Mapping[str, msgspec.Raw], body: bytes) -> tuple[str, ...]:
    """Give the cache and the stored files that the request names.

    Quotes inside a JSON string are escaped, so what stands in the client's words is never taken for a field.
    """
    cache = _string(fields.get("cachedContent", _NULL))
    files = [found[1].decode() for found in _FILE.finditer(body)] if _GOOGLES in body else []
    return tuple(dict.fromkeys([*([cache] if cache else []), *files]))


def _string(raw: msgspec.Raw) -> str | None:
    try:
        return msgspec.json.decode(raw, type=str | None)
    except ValueError:
        return None


def _camelled(raw: bytes | msgspec.Raw) -> dict[str, msgspec.Raw]:
    return {camel(key): value for key, value in _fields.decode(raw).items()}


def _limit(fields: Mapping[str, msgspec.Raw]) -> int | None:
    try:
        config = _camelled(fields.get("generationConfig", _NOTHING))
        return msgspec.json.decode(config.get("maxOutputTokens", b"null"), type=int | None)
    except (ValueError, RecursionError):
        return None


# ---- session --------------------------------------------------------------------------------------


def _hash(fields: Mapping[str, msgspec.Raw]) -> str | None:
    """Give a digest of what stays the same from turn to turn; None if the user has said nothing yet."""
    try:
        first = _first(fields.get("contents", _NONE))
        system = _said(fields.get("systemInstruction", _NOTHING))
        names = _names(fields.get("tools", _NONE))
    except (ValueError, RecursionError):
        return None
    if not first:
        return None
    return hashlib.sha256(msgspec.json.encode([first, names, system])).hexdigest()[:32]


def _first(raw: msgspec.Raw) -> str:
    contents = _contents.decode(raw)
    if isinstance(contents, _Content):
        return _text(contents)
    read = (_content.decode(content) for content in contents)
    return next((_text(content) for content in read if content.role != "model"), "")


def _said(raw: msgspec.Raw) -> str:
    read = msgspec.json.decode(raw)
    return _text(_content.decode(raw)) if is_object(read) else str(read or "")


def _text(content: _Content) -> str:
    parts = content.parts if isinstance(content.parts, list) else [content.parts]
    return "\n".join(part.text for part in parts if part.text)


def _names(raw: msgspec.Raw) -> list[str]:
    tools = ({camel(key): value for key, value in tool.items()} for tool in _tools.decode(raw))
    declared = (tool.get("functionDeclarations", _NONE) for tool in tools)
    return [function.name for functions in declared for function in _declared.decode(functions)]
