"""The recovery note in a request's bytes: behind the user's words, and never inside results."""

from __future__ import annotations

import json
from typing import Any

from peekd.protocols.anthropic.noting import noted
from peekd.protocols.interface import Splices
from peekd.wire.splice import applied, members

NOTED = Splices(note="NOTE", closing="CLOSED")


def messages(*said: dict[str, Any], splices: Splices = NOTED) -> list[Any]:
    body = json.dumps({"messages": said, "model": "m"}).encode()
    return json.loads(applied(body, noted(body, members(body), splices)))["messages"]


def user(content: object) -> dict[str, Any]:
    return {"role": "user", "content": content}


def test_it_ends_the_users_words_however_they_are_written() -> None:
    assert messages(user("é")) == [user("é\n\nNOTE")]
    block = {"type": "text", "text": "x"}
    note = {"type": "text", "text": "NOTE"}
    assert messages(user([block])) == [user([block, note])]
    assert messages(user([])) == [user([note])]


def test_results_are_closed_by_a_turn_of_the_model() -> None:
    results = user([{"type": "tool_result", "tool_use_id": "t", "content": "x"}])
    assert messages(user("a"), results) == [
        user("a"),
        results,
        {"role": "assistant", "content": "CLOSED"},
        user("NOTE"),
    ]


def test_without_a_note_or_a_user_at_the_end_nothing_changes() -> None:
    assert messages(user("a"), splices=Splices()) == [user("a")]
    prefill = {"role": "assistant", "content": "x"}
    assert messages(user("a"), prefill) == [user("a"), prefill]
    assert messages({"role": "user"}) == [{"role": "user"}]
    assert messages() == []
