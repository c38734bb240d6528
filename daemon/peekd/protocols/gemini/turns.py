"""Gemini's `contents` as turns and parts. The way back is `contents`.

https://ai.google.dev/api/caching#Content
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from peekd.protocols.fields import Fields, Place
from peekd.protocols.gemini.calls import CallIds
from peekd.protocols.gemini.carrier import FAMILY, bared, standard_base64
from peekd.protocols.gemini.naming import listed, opened
from peekd.signatures.seal import Carried, Seal
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

_ROLES: Final[dict[str, Literal["user", "assistant", "system"]]] = {
    "user": "user",
    "function": "user",
    "tool": "user",
    "model": "assistant",
    "system": "system",
}
_ANYTHING: Final = "*/*"
"""A file by URL whose kind is not told."""

_HELD_BY_GOOGLE: Final = ("gs://", "https://generativelanguage.googleapis.com/")
"""Files that only the account which uploaded them can read."""

_WORDS: Final = ("output", "result", "error")
"""The fields of a response that hold all of it where they stand alone."""


def decode_turns(contents: Place | None, seal: Seal) -> tuple[Turn, ...]:
    """Give the turns. Raises ClientError.

    Neighbours of one role are one turn: clients replay a stream's chunks as contents of their own. Of the
    model's parts, words are joined again, and so are thoughts, up to the part that holds their proof.
    """
    ids = CallIds()
    turns: list[tuple[Literal["user", "assistant", "system"], list[Part]]] = []
    for content in listed(contents):
        fields = opened(content)
        place = fields.place("role")
        role = _ROLES.get("user" if place is None else place.string())
        if place is not None and role is None:
            raise ClientError("invalid_request", f"{place.path}: expected user or model")
        parts = [part for one in listed(fields.place("parts")) for part in _parts(one, ids, seal)]
        fields.close()
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(parts)
        else:
            turns.append((role or "user", parts))
    made = (Turn(role, tuple(_joined(parts) if role == "assistant" else parts)) for role, parts in turns)
    return tuple(turn for turn in made if turn.parts)


def decode_texts(place: Place | None) -> tuple[str, ...]:
    """Give the words of a content, or a plain string; other parts are left out. Raises ClientError."""
    if place is None:
        return ()
    if isinstance(place.value, str):
        return (place.value,)
    fields = opened(place)
    fields.place("role")
    parts = [part for one in listed(fields.place("parts")) for part in _parts(one, CallIds())]
    fields.close()
    if any(not isinstance(part, Text) for part in parts):
        place.drop("parts")
    return tuple(part.text for part in parts if isinstance(part, Text))


def _joined(parts: list[Part]) -> list[Part]:
    """Join what came in pieces; thoughts without a proof are of no use to anyone."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Text) and isinstance(last, Text) and not (last.signature or part.signature):
            joined[-1] = Text(last.text + part.text)
        elif isinstance(part, Thinking) and isinstance(last, Thinking) and not last.signature:
            joined[-1] = Thinking(last.text + part.text, part.signature, part.family)
        else:
            joined.append(part)
    return [part for part in joined if not (isinstance(part, Thinking) and not part.signature)]


def _parts(place: Place, ids: CallIds, seal: Seal | None = None) -> tuple[Part, ...]:
    fields = opened(place)
    proof = _proof(place, fields.string("thoughtSignature") or "", seal)
    if fields.flag("thought"):
        parts = _thought(fields, place, proof)
    else:
        kind = next((kind for kind in _KINDS if kind in fields), None)
        said = _KINDS[kind](fields, ids) if kind is not None else ()
        parts = tuple(part for one in said if (part := _proved(one, proof)) != Text(""))
    fields.close()
    return parts


def _proof(place: Place, signature: str, seal: Seal | None) -> Carried | None:
    """Give whose proof a part carries; one that is not Gemini's own and does not hold is left out."""
    if not signature or seal is None:
        return None
    carrier = bared(signature)
    if carrier is None:
        return Carried(FAMILY, "", "thought", signature)
    carried = seal.unwrap(carrier)
    if carried is None:
        place.drop("signature that does not hold")
    return carried


def _proved(part: Part, proof: Carried | None) -> Part:
    """Put a proof on words or on a call; a part of another kind needs none."""
    if proof is None or not isinstance(part, Text | ToolCall):
        return part
    return msgspec.structs.replace(part, signature=proof.proof, family=proof.family)


def _thought(fields: Fields, place: Place, proof: Carried | None) -> tuple[Part, ...]:
    text = fields.string("text") or ""
    if proof is None:
        place.drop("thought")
        return (Thinking(text),)
    if proof.kind == "redacted":
        return (RedactedThinking(proof.proof, proof.family),)
    return (Thinking(text, proof.proof, proof.family),)


def _text(fields: Fields, _ids: CallIds) -> tuple[Part, ...]:
    return (Text(fields.string("text") or ""),)


def _inline(fields: Fields, _ids: CallIds) -> tuple[Part, ...]:
    blob = opened(fields.needed("inlineData"))
    kind, data = blob.needed("mimeType").string(), standard_base64(blob.needed("data").string())
    media = Media(kind, data=data, title=blob.string("displayName") or "")
    blob.close()
    return (media,)


def _file(fields: Fields, _ids: CallIds) -> tuple[Part, ...]:
    inside = opened(fields.needed("fileData"))
    place = inside.needed("fileUri")
    if place.string().startswith(_HELD_BY_GOOGLE) or "://" not in place.string():
        words = f"{place.path}: a file that is stored at Google cannot be read by this upstream"
        raise ClientError("invalid_request", words)
    title = inside.string("displayName") or ""
    media = Media(inside.string("mimeType") or _ANYTHING, url=place.string(), title=title)
    inside.close()
    return (media,)


def _call(fields: Fields, ids: CallIds) -> tuple[Part, ...]:
    call = opened(fields.needed("functionCall"))
    name, given = call.needed("name").string(), call.string("id") or ""
    made = ToolCall(ids.of_call(given, name), name, call.object("args") or {})
    call.close()
    return (made,)


def _response(fields: Fields, ids: CallIds) -> tuple[Part, ...]:
    answer = opened(fields.needed("functionResponse"))
    name, given = answer.needed("name").string(), answer.string("id") or ""
    said = answer.object("response") or {}
    media = tuple(part for one in answer.items("parts") for part in _parts(one, ids))
    answer.close()
    failed = said.keys() == {"error"} and bool(said["error"])
    words = _words(said)
    content = (*((Text(words),) if words else ()), *(part for part in media if isinstance(part, Media)))
    return (ToolResult(ids.of_response(given, name), content, failed),)


def _words(said: dict[str, Any]) -> str:
    """Give a response's words: of its one field, where that is words, else all of it as JSON."""
    if len(said) == 1:
        ((key, value),) = said.items()
        if key in _WORDS and isinstance(value, str):
            return value
    return msgspec.json.encode(said).decode() if said else ""


_KINDS: Final[dict[str, Callable[[Fields, CallIds], tuple[Part, ...]]]] = {
    "functionCall": _call,
    "functionResponse": _response,
    "inlineData": _inline,
    "fileData": _file,
    "text": _text,
}
