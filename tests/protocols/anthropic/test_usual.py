"""What is read at once comes to the same as what is read field by field."""

from __future__ import annotations

from typing import Any

import pytest
from answers import SEAL
from hypothesis import given
from hypothesis import strategies as st
from samples import Sample, is_list, requests

from peekd.protocols.anthropic.blocks import decode_turns
from peekd.protocols.anthropic.usual import usual_message
from peekd.protocols.fields import Place
from peekd.signatures.seal import Carried
from peekd.vocabulary.conversation import Turn
from peekd.vocabulary.errors import ClientError

STRANGE = "strange"
"""A field that nobody knows: its message is read field by field."""

CARRIERS = ["", "EqQB", "peekd1.gemini.aa.bb.cc", SEAL.wrap(Carried("gemini", "m", "call", "c2ln"))]
ANY = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3)
CACHED = st.sampled_from([{}, {}, {"cache_control": None}, {"cache_control": {"type": "ephemeral"}}])


def block(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(st.fixed_dictionaries({"type": st.just(kind), **fields}), CACHED).map(
        lambda pair: pair[0] | pair[1]
    )


WORDS = block("text", text=st.text(max_size=5))
RESULT = block(
    "tool_result",
    tool_use_id=st.text(max_size=3),
    content=st.none() | st.text(max_size=5) | st.lists(WORDS, max_size=3),
    is_error=st.sampled_from([None, True, False]),
)
CALL = block(
    "tool_use",
    id=st.text(max_size=3),
    name=st.text(max_size=3),
    input=st.none() | st.dictionaries(st.text(max_size=3), ANY, max_size=2),
)
THOUGHT = block("thinking", thinking=st.text(max_size=3), signature=st.none() | st.sampled_from(CARRIERS))
MESSAGES = st.fixed_dictionaries({
    "role": st.sampled_from(["user", "assistant", "system"]),
    "content": st.text(max_size=5) | st.lists(WORDS | RESULT | CALL | THOUGHT, max_size=4),
})


def read(message: object) -> tuple[tuple[Turn, ...], list[str]] | str:
    dropped: dict[str, None] = {}
    try:
        turns = decode_turns(Place([message], "messages", "messages", dropped), SEAL)
    except ClientError as error:
        return error.fault.message
    return turns, [name for name in dropped if STRANGE not in name]


def both_ways(message: dict[str, Any]) -> None:
    assert usual_message({**message, STRANGE: 1}) is None
    assert read(message) == read({**message, STRANGE: 1})


@given(MESSAGES)
def test_messages_of_such_a_shape_are_read_alike(message: dict[str, Any]) -> None:
    assert usual_message(message) is not None
    both_ways(message)


@given(MESSAGES, st.sampled_from(["role", "content", "type", "text", "id", "input", "signature"]), ANY)
def test_what_is_wrong_in_one_is_told_alike(message: dict[str, Any], key: str, value: object) -> None:
    blocks: object = message["content"]
    if key in {"role", "content"} or not is_list(blocks):
        both_ways({**message, key: value})
    else:
        both_ways({**message, "content": [{**one, key: value} for one in blocks]})


@pytest.mark.parametrize("sample", requests("anthropic"), ids=lambda sample: sample.path)
def test_what_agents_ask_is_read_alike(sample: Sample) -> None:
    for message in sample.said.get("messages", ()):
        both_ways(message)
