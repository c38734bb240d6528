"""A conversation as the body of `streamGenerateContent`, and a Gemini client's own body with splices."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from peekd.protocols.gemini.carrier import CARRIER, bared
from peekd.protocols.gemini.contents import encode_contents
from peekd.protocols.gemini.generation import encode_generation
from peekd.protocols.gemini.models import traits
from peekd.protocols.gemini.naming import camel
from peekd.protocols.gemini.paths import STREAM, WHOLE, quoted, read_path
from peekd.protocols.gemini.signatures import (
    with_note,
    with_signatures,
    with_stand_ins,
    without_signatures,
)
from peekd.protocols.gemini.tools import encode_tools
from peekd.protocols.interface import Call, Splices
from peekd.signatures.proofs import proof_digest
from peekd.vocabulary.conversation import Conversation, Text, Turn
from peekd.vocabulary.errors import ClientError
from peekd.wire.splice import Edit, applied, members

_encode: Final = msgspec.json.Encoder().encode
_JSON: Final = (("content-type", "application/json"),)


def encode_request(
    conversation: Conversation, *, model: str, repaired: bool, stream: bool = True, plain: bool = True
) -> Call:
    """Say the conversation to `model`.

    No word is added: neither to instructions nor in place of what is missing. Raises ClientError where
    nothing is left to be asked, or nothing could be called. `repaired`: signatures are left out.
    `plain`: schemas may go as JSON Schema, where the model takes it.
    """
    leading, turns = _split(conversation.turns)
    contents, unsaid = encode_contents(turns)
    if repaired:
        contents = without_signatures(contents)
    known = traits(model)
    if known.signed_calls:
        contents = with_stand_ins(contents)
    if not contents:
        raise ClientError("invalid_request", "messages: there is nothing in them that Gemini could be asked")
    tools, loosened = encode_tools(conversation, plain=plain and known.plain_schemas)
    config, cut = encode_generation(conversation, known, plain=plain and known.plain_schemas)
    body: dict[str, Any] = {}
    system = [{"text": text} for text in (*conversation.system, *leading) if text]
    if system:
        body["systemInstruction"] = {"parts": system}
    body["contents"] = contents
    body |= tools
    if config:
        body["generationConfig"] = config
    action = "streamGenerateContent?alt=sse" if stream else "generateContent"
    path = f"/v1beta/models/{quoted(model)}:{action}"
    return Call(path, _encode(body), _JSON, tuple(dict.fromkeys((*unsaid, *loosened, *cut))))


def splice_request(body: bytes, path: str, splices: Splices) -> Call:
    """Give a Gemini client's own request with only the named places changed.

    The model and whether the answer is streamed stand in the path; where a body names the model too (it may
    in a count), it is changed there as well. Else only `contents` is touched, where replayed thoughts and
    signatures are: all go after a refusal, else those of other families' models, which lie in our own
    carriers, and those that were refused before. Raises ClientError on a path or body that is not Gemini's.
    """
    where = read_path(path)
    action = where.action
    if action in {STREAM, WHOLE}:
        action = STREAM if splices.stream else WHOLE
    model = splices.model
    mapped = model if model is not None and model != where.model else None
    spliced = ["stream"] * (action != where.action) + ["model"] * (mapped is not None)
    if mapped is not None:
        body = _renamed(body, mapped)
    mended = _mended(body, model or where.model, splices) if _needs_mending(body, splices) else body
    if mended != body:
        spliced.append("contents")
        body = mended
    return Call(where.path(model=mapped, action=action), body, spliced=tuple(spliced))


def _renamed(body: bytes, model: str) -> bytes:
    """Name the model anew wherever the body does, and nowhere else. Raises ClientError."""
    said = msgspec.json.encode(f"models/{model}")
    try:
        top = members(body)
        spans = [span for span in top if camel(span.key) == "generateContentRequest"]
        named = [top, *(members(body, span.value, span.end) for span in spans)]
        edits = [
            Edit(span.value, span.end, said) for fields in named for span in fields if span.key == "model"
        ]
    except (ValueError, RecursionError) as fault:
        raise ClientError("invalid_request", f"the body is no JSON object: {fault}") from fault
    return applied(body, edits) if edits else body


def _split(turns: tuple[Turn, ...]) -> tuple[list[str], tuple[Turn, ...]]:
    """Take the instructions that stand before the first real turn; later ones keep their place."""
    leading: list[str] = []
    for position, turn in enumerate(turns):
        if turn.role != "system":
            return leading, turns[position:]
        leading.extend(part.text for part in turn.parts if isinstance(part, Text))
    return leading, ()


class _Content(msgspec.Struct, omit_defaults=True):
    """A content in full: Google documents no third field."""

    parts: list[dict[str, Any]]
    role: str = ""


def _needs_mending(body: bytes, splices: Splices) -> bool:
    """Tell whether `contents` must be looked at; what a carrier begins with is searched for in the bytes."""
    return splices.repaired or splices.careful or bool(splices.unreadable) or CARRIER in body


def _mended(body: bytes, model: str, splices: Splices) -> bytes:
    """Give the body without the signatures that would be refused; what is known stands in for them.

    A body that has none such, and lacks none, is given as it is.
    """
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        given = msgspec.json.decode(fields.get("contents", msgspec.Raw(b"[]")), type=list[_Content])
    except (ValueError, RecursionError) as fault:
        raise ClientError("invalid_request", f"contents: {fault}") from fault
    before: list[dict[str, Any]] = [msgspec.to_builtins(content) for content in given]
    contents = without_signatures(before, None if splices.repaired else lambda proof: _goes(proof, splices))
    if traits(model).signed_calls and (contents != before or splices.careful or splices.repaired):
        contents = with_stand_ins(with_signatures(contents, splices.signatures))
    contents = with_note(contents, splices)
    if contents == before:
        return body
    return msgspec.json.encode(fields | {"contents": msgspec.Raw(msgspec.json.encode(contents))})


def _goes(proof: str, splices: Splices) -> bool:
    if not proof:
        return False
    return bared(proof) is not None or bool(splices.unreadable and proof_digest(proof) in splices.unreadable)
