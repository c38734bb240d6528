"""Thinking with a budget rests for the one answer that could not have it, and for no other."""

from __future__ import annotations

import pytest
from steps_told import answered, assistant, called, proof, user

from peekd.protocols.anthropic.looping import fit_for_loop
from peekd.vocabulary.conversation import Conversation, RedactedThinking, Text, Thinking, Thought, Turn

OWN = Thinking("hm", proof("s"), "anthropic")
FOREIGN = Thinking("hm", proof("s"), "gemini")
ENABLED = Thought("enabled", 2048)


def fitted(*last: Turn, thought: Thought | None = ENABLED, repaired: bool = False) -> Thought | None:
    asked = Conversation("m", (user(), *last), thought=thought)
    conversation, names = fit_for_loop(asked, repaired=repaired)
    assert names == (("thinking for this answer",) if conversation.thought != thought else ())
    return conversation.thought


@pytest.mark.parametrize(
    "called_turn",
    [
        assistant(called("t1")),
        assistant(FOREIGN, called("t1")),
        assistant(Text("I look."), called("t1")),
        assistant(Text("I look."), OWN, called("t1")),
    ],
)
def test_it_rests_where_the_answered_turn_begins_with_no_thought_of_its_own(called_turn: Turn) -> None:
    assert fitted(called_turn, answered("t1")) is None
    assert fitted(called_turn, answered("t1"), Turn("system", (Text("x"),))) is None
    adaptive = Thought("adaptive")
    assert fitted(called_turn, answered("t1"), thought=adaptive) == adaptive


@pytest.mark.parametrize("thought", [OWN, RedactedThinking(proof("d"), "anthropic")])
def test_it_stays_where_it_does_unless_that_is_taken_out(thought: Thinking | RedactedThinking) -> None:
    turns = (assistant(FOREIGN, thought, called("t1")), answered("t1"))
    assert fitted(*turns) == ENABLED
    assert fitted(*turns, repaired=True) is None


def test_it_stays_where_a_new_turn_begins() -> None:
    finished = (assistant(called("t1")), answered("t1"), assistant(Text("done")), user())
    assert fitted(*finished, repaired=True) == ENABLED
    assert fitted() == ENABLED
