"""Thought signatures inside Gemini `contents`: taking them away, and the documented stand-in.

https://ai.google.dev/gemini-api/docs/thought-signatures: newer models refuse a request whose current turn
has a step (one content of the model) with an unsigned first function call. The stand-in turns that check off.
"""

from __future__ import annotations

from typing import Any, Final

STAND_IN: Final = "skip_thought_signature_validator"
"""What Google documents for calls that its model did not make. Never for anyone but Gemini."""

_FIELDS: Final = {"thoughtSignature", "thought_signature"}


def without_signatures(contents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the contents without replayed thoughts and signatures; a content that had nothing else goes."""
    bare: list[dict[str, Any]] = []
    for content in contents:
        parts = [
            {key: value for key, value in part.items() if key not in _FIELDS}
            for part in content.get("parts", ())
            if part.get("thought") is not True
        ]
        spoken = [part for part in parts if part and part != {"text": ""}]
        if spoken:
            bare.append(content | {"parts": spoken})
    return bare


def with_stand_ins(contents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the contents with the stand-in on each step of the current turn whose first call is unsigned."""
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
    if first is None or parts[first].get("thoughtSignature"):
        return content
    parts[first] = {**parts[first], "thoughtSignature": STAND_IN}
    return content | {"parts": parts}
