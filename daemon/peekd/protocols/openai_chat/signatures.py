"""Google's thought signatures inside a Chat request: the one proof that this language has a place for.

https://ai.google.dev/gemini-api/docs/thought-signatures#openai: Google's compatible API gives a signature in
`extra_content.google.thought_signature` of a call and demands it back on the first call of each step of the
current turn. Nobody else documents the field; but gateways that lead to Gemini pass it on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec

from peekd.protocols.interface import Splices
from peekd.signatures.proofs import proof_digest
from peekd.wire.splice import Edit, Span, elements, member, members, removals

STAND_IN: Final = "skip_thought_signature_validator"
"""What Google documents for calls that its model did not make. Never for anyone but Gemini."""

_GEMINI: Final = re.compile(r"gemini", re.IGNORECASE)
_DEMANDING: Final = re.compile(r"gemini-(?:[3-9]|[1-9][0-9])", re.IGNORECASE)
_FIELD: Final = "extra_content"
_NAME: Final = "messages[].tool_calls[].extra_content"

Named = tuple[str, Edit]


class _Google(msgspec.Struct, gc=False):
    thought_signature: Any = None


class _Extra(msgspec.Struct, gc=False):
    google: Any = None


def reads_signatures(model: str) -> bool:
    """Tell a model that knows what a signature of Gemini's is; its name is all that there is to go by.

    >>> reads_signatures("google/gemini-2.5-pro"), reads_signatures("gpt-5")
    (True, False)
    """
    return _GEMINI.search(model) is not None


def demands_signatures(model: str) -> bool:
    """Tell a model that refuses an unsigned call in the current turn.

    >>> demands_signatures("models/gemini-3-pro-preview"), demands_signatures("gemini-2.5-pro")
    (True, False)
    """
    return _DEMANDING.search(model) is not None


def signed(call: dict[str, Any], signature: str) -> dict[str, Any]:
    """Give a call with a signature."""
    return call | {_FIELD: _extra(signature)}


def with_stand_ins(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the messages with the stand-in on each step of the current turn whose first call is unsigned."""
    start = _current_turn([str(message.get("role")) for message in messages])
    return messages[:start] + [_stood_in(message) for message in messages[start:]]


def signature_edits(body: bytes, spans: list[Span], model: str, splices: Splices) -> Iterator[Named]:
    """Change the signatures in a client's own messages (`spans`), some of which an upstream has refused.

    Those that were refused go, all of them if repaired. Where a Gemini is asked, what is known stands on
    calls that have none, and the stand-in on the first of each step of the current turn.
    """
    said = [members(body, span.value, span.end) for span in spans]
    start = _current_turn([_role(body, message) for message in said])
    known = iter(splices.signatures)
    for place, message in enumerate(said):
        listed = member(message, "tool_calls")
        calls = listed is not None and body.startswith(b"[", listed.value)
        for number, call in enumerate(elements(body, listed.value, listed.end) if listed and calls else ()):
            demanded = STAND_IN if place >= start and number == 0 else ""
            owed = (next(known, "") or demanded) if reads_signatures(model) else ""
            yield from ((_NAME, edit) for edit in _edits(body, call, owed, splices))


def _edits(body: bytes, call: Span, owed: str, splices: Splices) -> list[Edit]:
    """Give the edits of one call; `owed`: what it gets where it has no signature, or loses it."""
    fields = members(body, call.value, call.end)
    extra = member(fields, _FIELD)
    given = _signature(body[extra.value : extra.end]) if extra is not None else ""
    if given and not splices.repaired and proof_digest(given) not in splices.unreadable:
        return []
    if owed == given:
        return []
    text = msgspec.json.encode(_extra(owed))
    if extra is None:
        front = call.value + 1
        return [Edit(front, front, b'"%b":%b' % (_FIELD.encode(), text) + (b"," if fields else b""))]
    return [Edit(extra.value, extra.end, text)] if owed else removals(fields, [extra])


def _extra(signature: str) -> dict[str, Any]:
    return {"google": {"thought_signature": signature}}


def _signature(extra: bytes) -> str:
    try:
        google = msgspec.json.decode(extra, type=_Extra).google
        told = msgspec.convert(google, _Google).thought_signature
    except (ValueError, RecursionError):
        return ""
    return told if isinstance(told, str) else ""


def _role(body: bytes, fields: list[Span]) -> str:
    role = member(fields, "role")
    return str(msgspec.json.decode(body[role.value : role.end])) if role is not None else ""


def _current_turn(roles: list[str]) -> int:
    """Find where the current turn begins: the user's last message."""
    return max((place for place, role in enumerate(roles) if role == "user"), default=0)


def _stood_in(message: dict[str, Any]) -> dict[str, Any]:
    calls = cast("list[dict[str, Any]]", message.get("tool_calls") or [])
    if not calls or _FIELD in calls[0]:
        return message
    return message | {"tool_calls": [signed(calls[0], STAND_IN), *calls[1:]]}
