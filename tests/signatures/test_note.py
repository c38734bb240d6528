"""The recovery note stands in the user's words, and never in a turn that answers calls."""

from __future__ import annotations

from steps_told import answered, assistant, called, conversation, user

from peekd.signatures.note import CLOSING, NOTE, with_note
from peekd.vocabulary.conversation import Text


def test_the_note_ends_the_users_words() -> None:
    assert with_note(conversation(user("go"))).turns[0].parts == (Text("go"), Text(NOTE))


def test_results_are_left_as_they_are_and_closed_with_a_turn_of_the_model() -> None:
    asked = conversation(user(), assistant(called("t1")), answered("t1"))
    noted = with_note(asked)
    assert noted.turns[:3] == asked.turns
    assert noted.turns[3:] == (assistant(Text(CLOSING)), user(NOTE))


def test_what_does_not_end_with_the_user_gets_no_note() -> None:
    for asked in (conversation(), conversation(user(), assistant(Text("prefill")))):
        assert with_note(asked) is asked
