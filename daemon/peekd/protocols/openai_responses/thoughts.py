"""Replayed reasoning: the thoughts, and the proof in `encrypted_content`.

A proof that is a carrier is of another family, of one of these kinds:

- "thought": it proves the thoughts of this very item, which the carrier holds to the letter; or it is empty
  and the carrier is there for the thoughts alone.
- "call": it belongs to the call that follows.
- "text": it stood on words, or on an empty part; it goes back as an empty signed text at that very place.
- "redacted": the thoughts themselves, which only their maker can read.

Any other is of OpenAI's own models and stays as it is.
"""

from __future__ import annotations

from typing import Final

from peekd.protocols.fields import Fields, Place
from peekd.signatures.seal import Carried, Seal, is_carrier
from peekd.vocabulary.conversation import Family, Part, RedactedThinking, Text, Thinking

FAMILY: Final[Family] = "openai"

_BETWEEN: Final = "\n\n"
"""Stands between the parts of a summary."""


def read_reasoning(fields: Fields, place: Place, seal: Seal) -> tuple[list[Part], Carried | None]:
    """Give an item's parts, and the proof that the next call is owed. Raises ClientError."""
    summary, content = _joined(fields, "summary"), _joined(fields, "content")
    text = summary or content
    if summary and content:
        place.drop("content beside a summary")
    proof = fields.string("encrypted_content") or ""
    if not is_carrier(proof):
        return [Thinking(text, proof, FAMILY if proof else "")] if text or proof else [], None
    carried = seal.unwrap(proof)
    if carried is None:
        place.drop("signature that does not hold")
        return _unproved(text), None
    return _restored(carried), carried if carried.kind == "call" else None


def _restored(carried: Carried) -> list[Part]:
    """Give what a carrying item was before it was carried."""
    match carried.kind:
        case "thought":
            return [Thinking(carried.text, carried.proof, carried.family if carried.proof else "")]
        case "redacted":
            return [RedactedThinking(carried.proof, carried.family)]
        case "text":
            return [*_unproved(carried.text), Text("", carried.proof, carried.family)]
        case "call":
            return _unproved(carried.text)


def _unproved(text: str) -> list[Part]:
    return [Thinking(text)] if text else []


def _joined(fields: Fields, key: str) -> str:
    """Give the words of a list of parts."""
    texts: list[str] = []
    for place in fields.items(key):
        inside = place.fields()
        inside.place("type")
        texts.append(inside.string("text") or "")
        inside.close()
    return _BETWEEN.join(texts)
