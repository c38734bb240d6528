"""A client's own request for an upstream that speaks its language: only the named places change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final

import msgspec

from peekd.protocols.interface import Call
from peekd.vocabulary.errors import ClientError
from peekd.wire.splice import Edit, Span, applied, elements, member, members, removals

Named = tuple[tuple[str, ...], Edit]

_THOUGHTS: Final = "reasoning"


class _Item(msgspec.Struct, gc=False):
    type: str = "message"


_items: Final = msgspec.json.Decoder(_Item)


def splice_request(body: bytes, path: str, *, model: str | None, stream: bool, repaired: bool) -> Call:
    """Give the request with `model` (None: as it is) and `stream` in place.

    `stream_options` has no place without a stream. `repaired`: without the items of replayed thoughts. A key
    that stands twice is changed twice. Raises ClientError for a body that is no JSON object.
    """
    try:
        top = members(body)
        made = [*_model(body, top, model), *_stream(body, top, stream=stream)]
        if repaired:
            made += _without(body, top, lambda _, kind: kind == _THOUGHTS)
    except (ValueError, RecursionError) as fault:
        raise ClientError("invalid_request", f"the body is no Responses request: {fault}") from fault
    return Call(path, applied(body, [edit for _, edit in made]), spliced=_names(made))


def dropped_items(body: bytes, places: Collection[int]) -> tuple[bytes, tuple[str, ...]]:
    """Give the request without the input items at these places, and the names of what was dropped.

    Every other byte stays. Raises ValueError for a body that is no JSON object, or whose `input` is none of
    items.
    """
    made = list(_without(body, members(body), lambda place, _: place in places))
    return applied(body, [edit for _, edit in made]), _names(made)


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


def _without(body: bytes, top: list[Span], gone: Callable[[int, str], bool]) -> Iterator[Named]:
    """Take the items out of `input` of which `gone` says so, by place and kind."""
    said = member(top, "input")
    if said is None or not body.startswith(b"[", said.value):
        return
    items = elements(body, said.value, said.end)
    kinds = [_items.decode(body[item.value : item.end]).type for item in items]
    away = [number for number, kind in enumerate(kinds) if gone(number, kind)]
    if not away:
        return
    names = tuple(f"input[type={kinds[number]}]" for number in away)
    for edit in removals(items, [items[number] for number in away]):
        yield names, edit


def _set(body: bytes, spans: list[Span], key: str, text: bytes) -> Iterator[Named]:
    for span in spans:
        if span.key == key and body[span.value : span.end] != text:
            yield (key,), Edit(span.value, span.end, text)
