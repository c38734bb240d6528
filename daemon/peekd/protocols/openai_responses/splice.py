"""A client's own request for an upstream that speaks its language: only the named places change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from peekd.protocols.interface import Call, Splices
from peekd.protocols.openai_responses.bound import SEALED
from peekd.signatures.proofs import proof_digest
from peekd.signatures.seal import is_carrier
from peekd.vocabulary.errors import ClientError
from peekd.wire.splice import Edit, Span, applied, elements, member, members, removals

Named = tuple[tuple[str, ...], Edit]

_PATH: Final = "/v1/responses"
"""The path upstream; clients may leave the version out."""

_THOUGHTS: Final = "reasoning"


class _Item(msgspec.Struct, gc=False):
    type: str | None = None
    id: str | None = None
    encrypted_content: str | None = None


_items: Final = msgspec.json.Decoder(_Item)


def splice_request(body: bytes, path: str, splices: Splices) -> Call:
    """Give the request with model and stream in place; `stream_options` has no place without a stream.

    Items of thoughts that cannot be read are left out: those that `splices` names, another family's, and if
    repaired all. A key that stands twice is changed twice. Raises ClientError for a body that is no JSON
    object.
    """
    try:
        top = members(body)
        made = [*_model(body, top, splices.model), *_stream(body, top, stream=splices.stream)]
        made += _without_strange(body, top, splices)
    except (ValueError, RecursionError) as fault:
        raise ClientError("invalid_request", f"the body is no Responses request: {fault}") from fault
    there = _PATH + path.removeprefix("/v1").removeprefix("/responses")
    named = ("path", *_names(made)) if there != path else _names(made)
    return Call(there, applied(body, [edit for _, edit in made]), spliced=named)


def _names(made: list[Named]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names, _ in made for name in names))


def _model(body: bytes, top: list[Span], model: str | None) -> Iterator[Named]:
    if model is not None:
        yield from _set(body, top, "model", msgspec.json.encode(model))


def _stream(body: bytes, top: list[Span], *, stream: bool) -> Iterator[Named]:
    yield from _set(body, top, "stream", b"true" if stream else b"false")
    if not stream:
        gone = [span for span in top if span.key == "stream_options"]
        yield from ((("stream_options",), edit) for edit in (removals(top, gone) if gone else ()))
    elif member(top, "stream") is None:
        # Behind the opening brace: the end of the body may be another edit's.
        front = body.index(b"{") + 1
        yield ("stream",), Edit(front, front, b'"stream":true' + (b"," if top else b""))


def _without_strange(body: bytes, top: list[Span], splices: Splices) -> Iterator[Named]:
    """Take the items out of `input` that whoever is asked cannot read."""
    said = member(top, "input")
    sealed = b'"encrypted_content"' in body or (splices.repaired and b'"reasoning"' in body)
    if said is None or not sealed or not body.startswith(b"[", said.value):
        return
    spans = elements(body, said.value, said.end)
    items = [_items.decode(body[span.value : span.end]) for span in spans]
    gone = [number for number, item in enumerate(items) if _is_strange(item, splices)]
    names = tuple(f"input[type={items[number].type}]" for number in gone)
    for edit in removals(spans, [spans[number] for number in gone]) if gone else ():
        yield names, edit


def _is_strange(item: _Item, splices: Splices) -> bool:
    content = item.encrypted_content
    if splices.repaired and item.type == _THOUGHTS and (content or item.id):
        return True  # one that has an id alone is looked for where it was stored, if it was
    if not content or item.type not in SEALED:
        return False
    return is_carrier(content) or proof_digest(content) in splices.unreadable


def _set(body: bytes, spans: list[Span], key: str, text: bytes) -> Iterator[Named]:
    for span in spans:
        if span.key == key and body[span.value : span.end] != text:
            yield (key,), Edit(span.value, span.end, text)
