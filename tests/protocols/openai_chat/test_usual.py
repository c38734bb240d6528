"""What is read at once comes to the same as what is read field by field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import Sample, requests

from peekd.protocols.fields import Place
from peekd.protocols.openai_chat.messages import decode_messages
from peekd.protocols.openai_chat.usual import usual_turn
from peekd.vocabulary.conversation import Turn
from peekd.vocabulary.errors import ClientError

STRANGE = "strange"
"""A field that nobody knows: its message is read field by field."""

WORDS = st.text(max_size=5)
PARTS = st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": WORDS}), max_size=3)
ARGUMENTS: st.SearchStrategy[str | None] = st.sampled_from([
    "{}",
    '{"a": 1}',
    '{"a": [1.5, null]}',
    "",
    " ",
    None,
    "{",
    "[]",
])
CALL: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"id": WORDS, "function": st.fixed_dictionaries({"name": WORDS, "arguments": ARGUMENTS})},
    optional={"type": st.sampled_from(["function", None]), "index": st.integers(0, 3)},
)
MESSAGES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "system", "developer"])},
    optional={
        "content": st.none() | WORDS | PARTS,
        "tool_calls": st.none() | st.lists(CALL, max_size=3),
        "tool_call_id": st.none() | WORDS,
        "refusal": st.none(),
        "audio": st.none(),
    },
)
FIELDS = ["role", "content", "tool_calls", "tool_call_id", "refusal", "name"]
ANY = st.none() | st.booleans() | st.integers(-5, 5) | WORDS | PARTS


def read(*messages: object) -> tuple[tuple[str, ...], tuple[Turn, ...], list[str]] | str:
    dropped: dict[str, None] = {}
    try:
        system, turns = decode_messages(Place(list(messages), "messages", "messages", dropped))
    except ClientError as error:
        return error.fault.message
    return system, turns, [name for name in dropped if STRANGE not in name]


def both_ways(*messages: dict[str, Any]) -> None:
    strange = [{**message, STRANGE: 1} for message in messages]
    assert not any(map(usual_turn, strange))
    assert read(*messages) == read(*strange)


@given(st.lists(MESSAGES, max_size=4))
def test_messages_are_read_alike(messages: list[dict[str, Any]]) -> None:
    both_ways(*messages)


@given(MESSAGES, st.sampled_from(FIELDS), ANY)
def test_what_is_wrong_in_one_is_told_alike(message: dict[str, Any], key: str, value: object) -> None:
    both_ways({**message, key: value})


@pytest.mark.parametrize("sample", requests("openai-chat"), ids=lambda sample: sample.path)
def test_what_agents_ask_is_read_alike(sample: Sample) -> None:
    both_ways(*sample.said["messages"])
    assert any(map(usual_turn, sample.said["messages"]))
