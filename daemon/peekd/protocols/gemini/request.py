"""A conversation as the body of `streamGenerateContent`, and a Gemini client's own body with splices."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from peekd.protocols.gemini.carrier import CARRIER, bared
from peekd.protocols.gemini.contents import encode_contents
from peekd.protocols.gemini.generation import encode_generation
from peekd.protocols.gemini.models import traits
from peekd.protocols.gemini.paths import STREAM, WHOLE, read_path
from peekd.protocols.gemini.schema import clean_parameters
from peekd.protocols.gemini.signatures import (
    with_note,
    with_signatures,
    with_stand_ins,
    without_signatures,
)
from peekd.protocols.interface import Call, Splices
from peekd.signatures.proofs import proof_digest
from peekd.vocabulary.conversation import Conversation, Text, Tool, ToolChoice, Turn
from peekd.vocabulary.errors import ClientError

_JSON: Final = (("content-type", "application/json"),)
_MODES: Final = {"auto": "AUTO", "any": "ANY", "one": "ANY", "none": "NONE"}


def encode_request(conversation: Conversation, *, model: str, repaired: bool, stream: bool = True) -> Call:
    """Say the conversation to `model`.

    No word is added: neither to instructions nor in place of what is missing. Raises ClientError where
    nothing is left to be asked. `repaired`: signatures are left out.
    """
    leading, turns = _split(conversation.turns)
    contents, unsaid = encode_contents(turns)
    if repaired:
        contents = without_signatures(contents)
    if traits(model).signed_calls:
        contents = with_stand_ins(contents)
    if not contents:
        raise ClientError("invalid_request", "messages: there is nothing in them that Gemini could be asked")
    tools, loosened = _tools(conversation.tools)
    config, cut = encode_generation(conversation, model)
    dropped = [*unsaid, *loosened, *cut]
    body: dict[str, Any] = {}
    system = [{"text": text} for text in (*conversation.system, *leading) if text]
    if system:
        body["systemInstruction"] = {"parts": system}
    body["contents"] = contents
    if tools:
        body["tools"] = tools
        body |= _choice(conversation.tool_choice, dropped)
    if config:
        body["generationConfig"] = config
    action = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return Call(
        f"/v1beta/models/{model}:{action}", msgspec.json.encode(body), _JSON, tuple(dict.fromkeys(dropped))
    )


def splice_request(body: bytes, path: str, splices: Splices) -> Call:
    """Give a Gemini client's own request with only the named places changed.

    The model and whether the answer is streamed stand in the path. Only `contents` is touched where replayed
    thoughts and signatures are: all go after a refusal, else those of other families' models, which lie in
    our own carriers, and those that were refused before. Raises ClientError on a path or body that is not
    Gemini's.
    """
    where = read_path(path)
    action = where.action
    if action in {STREAM, WHOLE}:
        action = STREAM if splices.stream else WHOLE
    model = splices.model
    mapped = model if model is not None and model != where.model else None
    spliced = ["stream"] * (action != where.action) + ["model"] * (mapped is not None)
    mended = _mended(body, model or where.model, splices) if _needs_mending(body, splices) else body
    if mended != body:
        spliced.append("contents")
        body = mended
    return Call(where.path(model=mapped, action=action), body, spliced=tuple(spliced))


def _split(turns: tuple[Turn, ...]) -> tuple[list[str], tuple[Turn, ...]]:
    """Take the instructions that stand before the first real turn; later ones keep their place."""
    leading: list[str] = []
    for position, turn in enumerate(turns):
        if turn.role != "system":
            return leading, turns[position:]
        leading.extend(part.text for part in turn.parts if isinstance(part, Text))
    return leading, ()


def _tools(tools: tuple[Tool, ...]) -> tuple[list[dict[str, Any]], list[str]]:
    declarations: list[dict[str, Any]] = []
    lost: list[str] = []
    for tool in tools:
        if tool.strict is not None:
            lost.append("tools[].strict")
        declaration: dict[str, Any] = {"name": tool.name}
        if tool.description:
            declaration["description"] = tool.description
        parameters, words = clean_parameters(tool.parameters)
        if parameters is not None:
            declaration["parameters"] = parameters
        declarations.append(declaration)
        lost.extend(f"tools[].parameters.{word}" for word in words)
    return ([{"functionDeclarations": declarations}] if declarations else []), lost


def _choice(choice: ToolChoice | None, dropped: list[str]) -> dict[str, Any]:
    if choice is None:
        return {}
    if not choice.parallel:
        dropped.append("tool_choice.parallel")
    config: dict[str, Any] = {"mode": _MODES[choice.mode]}
    config |= {"allowedFunctionNames": [choice.name]} if choice.mode == "one" else {}
    return {"toolConfig": {"functionCallingConfig": config}}


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
    except msgspec.DecodeError as fault:
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
