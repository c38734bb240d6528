"""The little that is read of every request, verbatim ones too: model, stream flag, session."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from peekd.protocols.fields import Place, decode_object
from peekd.protocols.openai.session import named_session
from peekd.protocols.openai_responses.bound import bound_ids, encrypted_contents
from peekd.signatures.proofs import proof_digest
from peekd.vocabulary.conversation import Head


class _Tool(msgspec.Struct, gc=False):
    type: str = ""
    name: str = ""


class _Part(msgspec.Struct, gc=False):
    text: str = ""


class _Item(msgspec.Struct, gc=False):
    role: str = ""
    content: str | list[_Part] | None = None


class _Stable(msgspec.Struct, gc=False):
    input: str | list[_Item] = ""
    instructions: str | None = None
    tools: list[_Tool] | None = None


def decode_head(body: bytes, headers: Mapping[str, str]) -> Head:
    """Read the head. `headers` are keyed in lower case. Raises ClientError naming what is wrong."""
    said = decode_object(body)
    fields = Place(said, "", "", {}).fields()
    named = named_session(fields, headers)
    return Head(
        model=fields.needed("model").string(),
        stream=fields.flag("stream") or False,
        session=named or _hash(said),
        guessed=named is None,
        max_tokens=fields.integer("max_output_tokens"),
        names=bound_ids(said),
        proofs=tuple(proof_digest(content) for _, content in encrypted_contents(said)),
    )


def _hash(body: Mapping[str, Any]) -> str | None:
    """Give a digest of what stays the same from turn to turn; None if the user has said nothing yet."""
    try:
        stable = msgspec.convert(body, _Stable)
    except (ValueError, RecursionError):
        return None  # not of the shape that the API asks for: the upstream will say so
    items = [_Item("user", stable.input)] if isinstance(stable.input, str) else stable.input
    first = next((_text(item) for item in items if item.role == "user"), "")
    if not first:
        return None
    leading = [_text(item) for item in items if item.role in {"system", "developer"}][:1]
    names = [tool.name or tool.type for tool in stable.tools or ()]
    said = msgspec.json.encode([first, names, stable.instructions or "", leading])
    return hashlib.sha256(said).hexdigest()[:32]


def _text(item: _Item) -> str:
    if isinstance(item.content, list):
        return "\n".join(part.text for part in item.content if part.text)
    return item.content or ""
