"""The little that is read of every request, verbatim ones too: model, stream flag, session."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from peekd.protocols.anthropic.request import BILLING
from peekd.vocabulary.conversation import Head
from peekd.vocabulary.errors import ClientError

_SESSION_HEADERS: Final = ("x-claude-code-session-id", "session-id", "thread-id")
_NOTHING: Final = msgspec.Raw(b"null")


class _Head(msgspec.Struct, gc=False):
    """The fields that are looked at. Those typed as Any or Raw are the upstream's to judge."""

    model: str
    messages: list[msgspec.Raw]
    stream: bool | None = None
    max_tokens: Any = None
    metadata: Any = None
    prompt_cache_key: Any = None
    container: Any = None
    system: msgspec.Raw = _NOTHING
    tools: msgspec.Raw = _NOTHING


class _Named(msgspec.Struct, gc=False):
    name: str = ""


class _Block(msgspec.Struct, gc=False):
    text: str = ""


class _Message(msgspec.Struct, gc=False):
    role: str = ""
    content: str | list[_Block] = ""


_heads: Final = msgspec.json.Decoder(_Head)
_names: Final[msgspec.json.Decoder[list[_Named] | None]] = msgspec.json.Decoder(list[_Named] | None)
_systems: Final = msgspec.json.Decoder(str | list[_Block] | None)
_messages: Final = msgspec.json.Decoder(_Message)

_FILE: Final = re.compile(
    rb'\{\s*(?:"type"\s*:\s*"file"\s*,\s*)?"file_id"\s*:\s*"([^"\\]+)"\s*(?:,\s*"type"\s*:\s*"file"\s*)?\}'
)
"""The source of a block that is a stored file."""

_WHERE: Final = re.compile(r"^(?P<said>.*) - at `\$\.(?P<path>.*)`$", re.DOTALL)
_MISSING: Final = re.compile(r"missing required field `(?P<name>\w+)`")


def decode_head(body: bytes, headers: Mapping[str, str]) -> Head:
    """Read the head. `headers` are keyed in lower case. Raises ClientError naming what is wrong."""
    try:
        head = _heads.decode(body)
    except msgspec.ValidationError as fault:
        raise ClientError("invalid_request", _told(str(fault))) from fault
    except (ValueError, RecursionError) as fault:
        raise ClientError("invalid_request", f"the body is no JSON object: {fault}") from fault
    limit, named = head.max_tokens, _session(head, headers)
    digest = None if named else _hash(head)
    return Head(
        model=head.model,
        stream=head.stream or False,
        session=named or digest,
        guessed=digest is not None,
        max_tokens=limit if isinstance(limit, int) and not isinstance(limit, bool) else None,
        names=_names_of(head, body),
    )


def _names_of(head: _Head, body: bytes) -> tuple[str, ...]:
    """Give the ids of the container and the files that the request names.

    Quotes inside a JSON string are escaped, so what stands in the client's words is never taken for a field.
    """
    given: object = head.container
    if isinstance(given, dict):
        given = msgspec.convert(given, dict[str, Any]).get("id")
    container = [given] if isinstance(given, str) else []
    files = [found[1].decode() for found in _FILE.finditer(body)] if b'"file_id"' in body else []
    return tuple(dict.fromkeys([*container, *files]))


def _told(fault: str) -> str:
    """Put the path first, as the API does.

    >>> _told("Expected `str`, got `int` - at `$.model`")
    'model: Expected `str`, got `int`'
    """
    missing = _MISSING.search(fault)
    if missing:
        return f"{missing['name']}: Field required"
    where = _WHERE.match(fault)
    return f"{where['path']}: {where['said']}" if where else f"the body: {fault}"


# ---- session --------------------------------------------------------------------------------------


def _session(head: _Head, headers: Mapping[str, str]) -> str | None:
    """Give what ties the request to its conversation, as far as the client says it: the first that is there.

    A bare user_id is no session: one person has many conversations.
    """
    named = next((value for name in _SESSION_HEADERS if (value := headers.get(name))), None)
    if named:
        return named
    if isinstance(head.prompt_cache_key, str) and head.prompt_cache_key:
        return head.prompt_cache_key
    return _session_of_user(head.metadata)


def _session_of_user(metadata: object) -> str | None:
    """Give the session_id inside a JSON user_id."""
    if metadata is None:
        return None
    try:
        user = msgspec.convert(metadata, dict[str, Any]).get("user_id")
        said = msgspec.json.decode(user, type=dict[str, Any]) if isinstance(user, str) else {}
    except (ValueError, RecursionError):
        return None  # a plain user_id, or none
    session = said.get("session_id")
    return session if isinstance(session, str) and session else None


def _hash(head: _Head) -> str | None:
    """Give a digest of what stays the same from turn to turn; None if the user has said nothing yet."""
    try:
        messages = (_messages.decode(message) for message in head.messages)
        first = next((_text(message.content) for message in messages if message.role == "user"), "")
        system = _systems.decode(head.system) or ""
        tools = _names.decode(head.tools) or []
    except (ValueError, RecursionError):
        return None  # not of the shape that the API asks for: the upstream will say so
    if not first:
        return None
    blocks = [system] if isinstance(system, str) else [block.text for block in system]
    stable = [text for text in blocks if not text.startswith(BILLING)]
    said = msgspec.json.encode([first, [tool.name for tool in tools], stable])
    return hashlib.sha256(said).hexdigest()[:32]


def _text(content: str | list[_Block]) -> str:
    return content if isinstance(content, str) else "\n".join(block.text for block in content if block.text)
