"""A client's own request for an upstream that speaks its language: only the named places change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from peekd.protocols.interface import Call, Splices
from peekd.protocols.openai_chat.signatures import signature_edits
from peekd.vocabulary.errors import ClientError
from peekd.wire.splice import Edit, Span, applied, elements, member, members, removals

_OPTIONS: Final = b'{"include_usage":true}'
_USAGE: Final = "stream_options.include_usage"
_THOUGHTS: Final = ("reasoning_content", "reasoning", "reasoning_details", "thinking_blocks")
"""Where replayed thoughts stand, and with gateways (OpenRouter, LiteLLM) their proofs."""

Named = tuple[str, Edit]


def splice_request(body: bytes, path: str, splices: Splices) -> Call:
    """Give the request with model, stream and the wish for usage in place.

    Usage is asked for with every stream; without one `stream_options` has no place. A key that stands twice
    is changed twice. Raises ClientError for a body that is no JSON object.
    """
    try:
        top = members(body)
        made = [*_model(body, top, splices.model), *_stream(body, top, stream=splices.stream)]
        made += _mended(body, top, splices)
    except (ValueError, RecursionError) as fault:
        raise ClientError("invalid_request", f"the body is no chat completion request: {fault}") from fault
    names = dict.fromkeys(name for name, _ in made)
    return Call(path, applied(body, [edit for _, edit in made]), spliced=tuple(names))


def _model(body: bytes, top: list[Span], model: str | None) -> Iterator[Named]:
    if model is not None:
        yield from _set("model", body, top, "model", msgspec.json.encode(model))


def _stream(body: bytes, top: list[Span], *, stream: bool) -> Iterator[Named]:
    yield from _set("stream", body, top, "stream", b"true" if stream else b"false")
    if not stream:
        gone = [span for span in top if span.key == "stream_options"]
        yield from (("stream_options", edit) for edit in (removals(top, gone) if gone else ()))
        return
    # What is added stands behind the opening brace: the end of the body may be another edit's.
    front = body.index(b"{") + 1
    if member(top, "stream") is None:
        yield "stream", Edit(front, front, b'"stream":true,')
    options = member(top, "stream_options")
    if options is None:
        text = b'"stream_options":' + _OPTIONS + (b"," if top else b"")
        yield _USAGE, Edit(front, front, text)
    elif not body.startswith(b"{", options.value):
        yield from _set(_USAGE, body, top, "stream_options", _OPTIONS)
    else:
        yield from _usage(body, options)


def _usage(body: bytes, options: Span) -> Iterator[Named]:
    """Ask for usage inside the client's own options."""
    inside = members(body, options.value, options.end)
    if member(inside, "include_usage") is None:
        front = options.value + 1
        yield _USAGE, Edit(front, front, b'"include_usage":true' + (b"," if inside else b""))
    else:
        yield from _set(_USAGE, body, inside, "include_usage", b"true")


def _mended(body: bytes, top: list[Span], splices: Splices) -> Iterator[Named]:
    """Take out replayed thoughts, if repaired, and the signatures that were refused."""
    listed = member(top, "messages")
    messages = elements(body, listed.value, listed.end) if listed is not None and _is_wary(splices) else []
    for message in messages if splices.repaired else ():
        inside = members(body, message.value, message.end)
        gone = [span for span in inside if span.key in _THOUGHTS]
        yield from (
            ("messages[].reasoning_content", edit) for edit in (removals(inside, gone) if gone else ())
        )
    if messages:
        yield from signature_edits(body, messages, splices.model or _named(body, top), splices)


def _is_wary(splices: Splices) -> bool:
    return splices.repaired or splices.careful or bool(splices.unreadable)


def _named(body: bytes, top: list[Span]) -> str:
    model = member(top, "model")
    return str(msgspec.json.decode(body[model.value : model.end])) if model is not None else ""


def _set(name: str, body: bytes, spans: list[Span], key: str, text: bytes) -> Iterator[Named]:
    for span in spans:
        if span.key == key and body[span.value : span.end] != text:
            yield name, Edit(span.value, span.end, text)
