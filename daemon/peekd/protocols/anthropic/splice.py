"""A client's own request for an upstream that speaks its language: only the named places change."""

from __future__ import annotations

from typing import Final

import msgspec

from peekd.protocols.anthropic.continuing import begun_edits
from peekd.protocols.anthropic.foreign import without_foreign_searches
from peekd.protocols.anthropic.noting import noted
from peekd.protocols.anthropic.repair import has_strange, repair
from peekd.protocols.interface import Call, Splices
from peekd.vocabulary.errors import ClientError
from peekd.wire.splice import Edit, Span, applied, members

_OURS: Final = b"peekd"
"""Part of whatever we put into an answer that is not Anthropic's own."""


def splice_request(body: bytes, path: str, splices: Splices) -> Call:
    """Give the request with model and stream in place, and without thoughts if repaired.

    Searches that another family's model made are left out: no Anthropic upstream would take them.
    `stream` is left out where there is none to ask for (token counting). A key that stands twice is changed
    twice. Raises ClientError for a body that is no JSON object.
    """
    spliced: list[str] = []
    try:
        ours = _OURS in body
        own = without_foreign_searches(body) if ours else body
        if own is not body:
            body = own
            spliced.append("searches of another family")
        top = members(body)
        mended = repair(body, top, splices) if _needs_repair(body, splices, ours=ours) else None
        note = noted(body, top, splices)
        begun = begun_edits(body, top, splices.begun)
    except (ValueError, RecursionError) as fault:
        raise ClientError("invalid_request", f"the body is no Messages request: {fault}") from fault
    edits: list[Edit] = []
    if splices.model is not None:
        edits += _set(body, top, "model", msgspec.json.encode(splices.model))
        spliced += ["model"] * bool(edits)
    if not counts_tokens(path):
        streaming = _set(body, top, "stream", b"true" if splices.stream else b"false")
        if splices.stream and not any(span.key == "stream" for span in top):
            streaming = [_added(body, top, b'"stream":true')]
        edits += streaming
        spliced += ["stream"] * bool(streaming)
    if mended is not None:
        edits += mended.edits
        spliced += mended.names
    if note:
        edits += note
        spliced += ["recovery note"]
    if begun:
        edits += begun
        spliced += ["the answer's beginning"]
    return Call(path, applied(body, edits), spliced=tuple(spliced))


def _needs_repair(body: bytes, splices: Splices, *, ours: bool) -> bool:
    """Tell whether thoughts must be looked at; what tells strange ones is searched for in the bytes."""
    known = splices.repaired or splices.careful or bool(splices.unreadable)
    return known or has_strange(body, ours=ours)


def counts_tokens(path: str) -> bool:
    """Tell whether a path, with its query, asks for a count."""
    return path.partition("?")[0].endswith("/count_tokens")


def _set(body: bytes, top: list[Span], key: str, text: bytes) -> list[Edit]:
    return [
        Edit(span.value, span.end, text)
        for span in top
        if span.key == key and body[span.value : span.end] != text
    ]


def _added(body: bytes, top: list[Span], text: bytes) -> Edit:
    """Put a member behind the opening brace: the end of the body may be another edit's."""
    at = body.index(b"{") + 1
    return Edit(at, at, text + (b"," if top else b""))
