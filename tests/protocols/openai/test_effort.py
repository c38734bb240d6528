"""How much to think is said in words that all models take, or named as left out."""

from __future__ import annotations

import pytest

from peekd.protocols.openai.effort import effort_of
from peekd.protocols.openai.models import Traits
from peekd.vocabulary.conversation import Thought


@pytest.mark.parametrize(
    ("thought", "known", "effort", "dropped"),
    [
        (None, Traits(), None, []),
        (Thought("adaptive"), Traits(), None, []),
        (Thought("enabled", 2_000), Traits(), "low", []),
        (Thought("enabled", 4_096), Traits(), "low", []),
        (Thought("enabled", 4_097), Traits(), "medium", []),
        (Thought("enabled", 60_000), Traits(), "high", []),
        (Thought("adaptive", effort="max"), Traits(), "high", []),
        (Thought("disabled"), Traits(), None, ["thought.disabled"]),
        (Thought("adaptive", effort="low"), Traits(effort=False), None, ["thought"]),
        (Thought("adaptive"), Traits(effort=False), None, []),
    ],
)
def test_effort(thought: Thought | None, known: Traits, effort: str | None, dropped: list[str]) -> None:
    left_out: dict[str, None] = {}
    assert (effort_of(thought, known, left_out), [*left_out]) == (effort, dropped)
