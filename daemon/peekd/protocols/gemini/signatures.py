"""Thought signatures inside Gemini `contents`: taking them away, and the documented stand-in.

https://ai.google.dev/gemini-api/docs/thought-signatures: newer models refuse a request whose current turn
has a step (one content of the model) with an unsigned first function call. The stand-in turns that check off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from peekd.protocols.interface import Splices

STAND_IN: Final = "skip_thought_signature_validator"
"""What Google documents for calls that its model did not make. Never for anyone but Gemini."""

_FIELDS: Final = {"thoughtSignature", "thought_signature"}


def without_signatures(
    contents: list[dict[str, Any]], goes: Callable[[str], bool] | None = None
) -> list[dict[str, Any]]:
    """Give the contents without replayed thoughts and signatures; a content that had nothing else goes.

    `goes`: which signatures, and thoughts with such a one; left out: all, and all thoughts.
    """
    bare: list[dict[str, Any]] = []
    for content in contents:
        given = content.get("parts", ())
        parts = [part if goes and not goes(signature_of(part)) else _bare(part) for part in given]
        spoken = [part for part in parts if part and part != {"text": ""}]
        if spoken:
            bare.append(content | {"parts": spoken})
    return bare


def signature_of(part: dict[str, Any]) -> str:
    """Give a part's signature, "" where it has none."""
    return next((str(part[name]) for name in _FIELDS if part.get(name)), "")


def _bare(part: dict[str, Any]) -> dict[str, Any]:
    """Give a part without its signature; of thoughts nothing is left."""
    if part.get("thought") is True:
        return {}
    return {key: value for key, value in part.items() if key not in _FIELDS}


def with_signatures(contents: list[dict[str, Any]], signatures: Sequence[str]) -> list[dict[str, Any]]:
    """Give the contents with these on the calls, in their order, that have none; "": not known."""
    known = iter(signatures)
    return [
        content | {"parts": [_resigned(part, known) for part in content.get("parts", ())]}
        for content in contents
    ]


def _resigned(part: dict[str, Any], known: Iterator[str]) -> dict[str, Any]:
    if "functionCall" not in part:
        return part
    signature = next(known, "")
    return {**part, "thoughtSignature": signature} if signature and not signature_of(part) else part


def with_stand_ins(contents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the contents with the stand-in on each step of the current turn whose first call is unsigned."""
    if "model" not in {content.get("role") for content in contents}:
        return contents
    start = _current_turn(contents)
    return contents[:start] + [_signed(content) for content in contents[start:]]


def _current_turn(contents: list[dict[str, Any]]) -> int:
    """Find where the current turn begins: the last user content that answers no call.

    A content with results *and* words is not taken for a beginning: if the model takes it for one, a
    stand-in too many does no harm; if it does not, one too few is a refusal.
    """
    for position in range(len(contents) - 1, -1, -1):
        content = contents[position]
        answers = any("functionResponse" in part for part in content.get("parts", ()))
        if content.get("role") != "model" and not answers:
            return position
    return 0


def _signed(content: dict[str, Any]) -> dict[str, Any]:
    if content.get("role") != "model":
        return content
    parts = list(content.get("parts", ()))
    first = next((n for n, part in enumerate(parts) if "functionCall" in part), None)
    if first is None or signature_of(parts[first]):
        return content
    parts[first] = {**parts[first], "thoughtSignature": STAND_IN}
    return content | {"parts": parts}


def with_note(contents: list[dict[str, Any]], splices: Splices) -> list[dict[str, Any]]:
    """Give the contents with the note, if there is one, at the end of the user's words.

    Results are left as they are, and closed with a turn of the model's before the note.
    """
    if not splices.note or not contents or contents[-1].get("role") == "model":
        return contents
    last, note = contents[-1], {"text": splices.note}
    if any("functionResponse" in part for part in last["parts"]):
        closing = {"role": "model", "parts": [{"text": splices.closing}]}
        return [*contents, closing, {"role": "user", "parts": [note]}]
    return [*contents[:-1], last | {"parts": [*last["parts"], note]}]
