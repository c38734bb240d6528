"""Replayed reasoning is what it was before it was carried."""

from __future__ import annotations

import pytest
from answers import SEAL, carried

from peekd.protocols.fields import Dropped, Place
from peekd.protocols.openai_responses.thoughts import read_reasoning
from peekd.vocabulary.conversation import Part, RedactedThinking, Text, Thinking

CARRIED: list[tuple[str, list[Part], bool]] = [
    (carried("thought", "c2ln", "anthropic", "Hmm\n"), [Thinking("Hmm\n", "c2ln", "anthropic")], False),
    (carried("thought", "c2ln", "anthropic"), [Thinking("", "c2ln", "anthropic")], False),
    (carried("thought", "", "gemini", "Hmm"), [Thinking("Hmm")], False),
    (carried("redacted", "opaque", "anthropic"), [RedactedThinking("opaque", "anthropic")], False),
    (carried("text", "c2ln"), [Text("", "c2ln", "gemini")], False),
    (carried("call", "c2ln", text="Hmm"), [Thinking("Hmm")], True),
    (carried("call", "c2ln"), [], True),
]


def read(dropped: Dropped | None = None, **said: object) -> tuple[list[Part], bool]:
    place = Place({"type": "reasoning", **said}, "input.0", "input[]", {} if dropped is None else dropped)
    fields = place.fields()
    parts, owed = read_reasoning(fields, place, SEAL)
    assert owed is None or owed.proof == "c2ln"
    return parts, owed is not None


def summary(*texts: str) -> list[dict[str, str]]:
    return [{"type": "summary_text", "text": text} for text in texts]


@pytest.mark.parametrize(("carrier", "parts", "owed"), CARRIED)
def test_a_carriers_own_words_count_whatever_became_of_the_summary(
    carrier: str, parts: list[Part], *, owed: bool
) -> None:
    assert read(summary=summary("other"), encrypted_content=carrier) == (parts, owed)


def test_what_is_no_carrier_is_openais() -> None:
    assert read(summary=summary("a", "b"), encrypted_content="gAAA") == (
        [Thinking("a\n\nb", "gAAA", "openai")],
        False,
    )
    assert read(encrypted_content="gAAA", content=None) == ([Thinking("", "gAAA", "openai")], False)


def test_thoughts_without_a_proof_are_told_or_nothing() -> None:
    content = [{"type": "reasoning_text", "text": "raw"}]
    assert read(content=content, encrypted_content=None) == ([Thinking("raw")], False)
    assert read(summary=[]) == ([], False)
    dropped: Dropped = {}
    assert read(dropped, summary=summary("a"), content=content) == ([Thinking("a")], False)
    assert tuple(dropped) == ("input[content beside a summary]",)


def test_a_carrier_that_does_not_hold_is_nobodys_proof() -> None:
    dropped: Dropped = {}
    broken = carried("thought", "c2ln")[:-3]
    assert read(dropped, summary=summary("a"), encrypted_content=broken) == ([Thinking("a")], False)
    assert tuple(dropped) == ("input[signature that does not hold]",)
