"""The little that is read of every request, verbatim ones too: model, stream flag, session."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

import msgspec

from peekd.protocols.fields import Place, begins, decode_outline, decode_value
from peekd.protocols.openai.session import named_session
from peekd.protocols.openai_responses.bound import bound_ids, encrypted_content
from peekd.signatures.proofs import proof_digest
from peekd.vocabulary.conversation import Head

_LONG: Final = frozenset({"input", "tools"})
"""What is most of a request, and read whole only where it has to be said in other words."""


_LEADERS: Final = ("system", "developer")
"""Roles of those who speak before the user; no set, for a client may put a list there."""

_MARKS: Final = {"input": (b'"file_id"',), "tools": (b'"container"', b'"vector_store_ids"')}
"""What stands in a body where one of its long fields holds an id of something at the account."""


class _Tool(msgspec.Struct, gc=False):
    type: str = ""
    name: str = ""


class _Part(msgspec.Struct, gc=False):
    text: str = ""


class _Item(msgspec.Struct, gc=False):
    type: Any = None
    role: Any = ""
    content: msgspec.Raw = msgspec.Raw(b"null")
    encrypted_content: Any = None


_items: Final = msgspec.json.Decoder(list[_Item])
_contents: Final[msgspec.json.Decoder[str | list[_Part] | None]] = msgspec.json.Decoder(
    str | list[_Part] | None
)
_tools: Final[msgspec.json.Decoder[list[_Tool] | None]] = msgspec.json.Decoder(list[_Tool] | None)


def decode_head(body: bytes, headers: Mapping[str, str]) -> Head:
    """Read the head. `headers` are keyed in lower case. Raises ClientError naming what is wrong."""
    said = decode_outline(body, _LONG)
    fields = Place(said, "", "", {}).fields()
    named = named_session(fields, headers)
    items = _items_of(said.get("input"))
    sealed = [encrypted_content(item.type, item.encrypted_content) for item in items or ()]
    return Head(
        model=fields.needed("model").string(),
        stream=fields.flag("stream") or False,
        session=named or _hash(said, items),
        guessed=named is None,
        max_tokens=fields.integer("max_output_tokens"),
        names=bound_ids(_with_ids(said, body)),
        proofs=tuple(proof_digest(content) for content in sealed if content),
    )


def _items_of(said: msgspec.Raw | None) -> list[_Item]:
    """Give the items of an input, none where it has another shape: the upstream will say so."""
    if said is None:
        return []
    try:
        return _items.decode(said)
    except (ValueError, RecursionError):
        return []


def _with_ids(said: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    """Give the request with those of its long fields read in which an id may stand.

    Quotes inside a JSON string are escaped, so what stands in somebody's words is never taken for a field.
    """
    with_ids = dict(said)
    for name, marks in _MARKS.items():
        marked = said.get(name) is not None and any(mark in body for mark in marks)
        with_ids[name] = decode_value(said[name]) if marked else None
    return with_ids


# ---- session --------------------------------------------------------------------------------------


def _hash(said: Mapping[str, Any], items: list[_Item]) -> str | None:
    """Give a digest of what stays the same from turn to turn; None if the user has said nothing yet."""
    try:
        users = (_text(item.content) for item in items if item.role == "user")
        first = next(users, "") or _spoken(said.get("input"))
        leaders = (item.content for item in items if item.role in _LEADERS)
        leading = [_text(content) for content in islice(leaders, 1)]
        instructions = msgspec.convert(said.get("instructions"), str | None) or ""
        tools = said.get("tools")
        names = [tool.name or tool.type for tool in (_tools.decode(tools) if tools else None) or ()]
    except (ValueError, RecursionError):
        return None  # not of the shape that the API asks for: the upstream will say so
    if not first:
        return None
    stable = msgspec.json.encode([first, names, instructions, leading])
    return hashlib.sha256(stable).hexdigest()[:32]


def _spoken(said: msgspec.Raw | None) -> str:
    """Give an input that is the user's words and nothing more."""
    return msgspec.json.decode(said, type=str) if said is not None and begins(said, b'"') else ""


def _text(content: msgspec.Raw) -> str:
    read = _contents.decode(content)
    if isinstance(read, list):
        return "\n".join(part.text for part in read if part.text)
    return read or ""
