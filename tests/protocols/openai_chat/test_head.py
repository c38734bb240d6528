"""The head: model, stream, usage and session, and what is refused at once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.openai_chat.head import decode_head
from peekd.vocabulary.conversation import Head
from peekd.vocabulary.errors import ClientError

HELLO: dict[str, Any] = {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]}


def head(headers: dict[str, str] | None = None, **more: object) -> Head:
    return decode_head(msgspec.json.encode({**HELLO, **more}), headers or {})


def test_what_is_read() -> None:
    read = head(stream=True, max_tokens=7)
    assert (read.model, read.stream, read.max_tokens, read.counted) == ("gpt-5", True, 7, False)
    assert head(max_tokens=7, max_completion_tokens=9).max_tokens == 9


@pytest.mark.parametrize(
    ("stream", "options", "counted"),
    [
        (False, None, True),
        (True, None, False),
        (True, {"include_usage": False}, False),
        (True, {"include_usage": True}, True),
    ],
)
def test_usage_frames_are_for_those_who_ask_and_for_whole_answers(
    *, stream: bool, options: object, counted: bool
) -> None:
    assert head(stream=stream, stream_options=options).counted is counted


def test_the_session_is_the_first_that_the_client_names() -> None:
    user = {"user_id": '{"session_id":"in-user"}'}
    assert head({"session-id": "s"}, prompt_cache_key="k", metadata=user).session == "s"
    assert head(prompt_cache_key="k", metadata=user).session == "k"
    named = head(metadata=user)
    assert (named.session, named.guessed) == ("in-user", False)


@pytest.mark.parametrize("user", ["bare", "[1]", '{"session_id":7}'])
def test_a_user_is_no_session(user: str) -> None:
    read = head(metadata={"user_id": user}, user=user)
    assert (read.session, read.guessed) == (head().session, True)


def test_a_guessed_session_holds_from_turn_to_turn_and_parts_other_words() -> None:
    first: list[Any] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    ]
    tools = [{"type": "function", "function": {"name": "read"}}]
    later = [*first, {"role": "assistant", "content": None}, {"role": "user", "content": "more"}]
    known = head(messages=first, tools=tools).session
    assert known == head(messages=later, tools=tools).session
    assert known != head(messages=first).session
    assert known != head(messages=first[1:], tools=tools).session


@pytest.mark.parametrize("messages", [[], [7], [{"role": "system", "content": "x"}]])
def test_without_words_there_is_nothing_to_go_by(messages: list[object]) -> None:
    assert head(messages=messages).session is None


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"model": None}, "model: Field required"),
        ({"messages": None}, "messages: Field required"),
        ({"messages": "hi"}, "messages: expected an array"),
        ({"stream": 1}, "stream: expected a boolean"),
        ({"n": 2}, "n: "),
        ({"n": 0}, "n: "),
    ],
)
def test_a_fault_is_told_by_its_field(more: dict[str, Any], named: str) -> None:
    with pytest.raises(ClientError, match=named):
        head(**more)


def test_one_answer_may_be_asked_for_by_number() -> None:
    assert head(n=1) == head()


def test_what_a_message_is_made_of_later_does_not_part_a_session() -> None:
    first = {"role": "user", "content": "hi"}
    later = {"role": "assistant", "content": [{"type": "text", "text": 7}]}
    assert head(messages=[first, later]).session == head().session is not None
