"""A conversation in Chat's words: the way back reads the same, and OpenAI's own types accept it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolUnionParam
from pydantic import TypeAdapter

from peekd.protocols.openai_chat.compose import encode_request
from peekd.protocols.openai_chat.request import decode_request
from peekd.vocabulary.conversation import (
    Conversation,
    Media,
    Text,
    Thinking,
    Thought,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from peekd.vocabulary.errors import ClientError

MESSAGES: TypeAdapter[Any] = TypeAdapter(list[ChatCompletionMessageParam])
TOOLS: TypeAdapter[Any] = TypeAdapter(list[ChatCompletionToolUnionParam])
CORPUS = Path(__file__).parents[2] / "transcripts" / "corpus"


def _answer(thoughts: list[Thinking], words: list[Text], calls: list[ToolCall]) -> Turn:
    return Turn("assistant", (*thoughts, *words, *calls))


WORDS = st.text(min_size=1, max_size=8)
TEXTS = st.builds(Text, WORDS)
PICTURES = st.sampled_from([Media("image/png", data="AAAA"), Media("image/*", url="https://example.com/a")])
SPOKEN = st.lists(TEXTS, min_size=1, max_size=2)
CALLS = st.lists(
    st.builds(ToolCall, WORDS, WORDS, st.dictionaries(WORDS, st.integers(), max_size=2)), max_size=2
)
ANSWERS = st.builds(
    _answer,
    st.lists(st.builds(Thinking, WORDS), max_size=1),
    SPOKEN,
    CALLS,
)
ASKED = st.builds(
    Turn, st.just("user"), st.lists(st.one_of(TEXTS, PICTURES), min_size=1, max_size=3).map(tuple)
)
RESULTS = st.builds(
    Turn,
    st.just("user"),
    st.lists(
        st.builds(ToolResult, WORDS, st.lists(TEXTS, max_size=2).map(tuple)), min_size=1, max_size=2
    ).map(tuple),
)
ROUNDS = st.builds(lambda *turns: turns, ASKED, ANSWERS, RESULTS, ANSWERS)
CONVERSATIONS = st.builds(
    Conversation,
    model=st.just("m"),
    turns=ROUNDS,
    system=st.lists(WORDS, max_size=1).map(tuple),
    tools=st.just((Tool("read", "Reads.", {"type": "object"}), Tool("x"))),
    tool_choice=st.sampled_from([None, ToolChoice("any"), ToolChoice("one", "x", parallel=False)]),
    thought=st.sampled_from([None, Thought("adaptive", effort="low")]),
    max_tokens=st.sampled_from([None, 9]),
    temperature=st.sampled_from([None, 0.5]),
    top_p=st.sampled_from([None, 0.5]),
    stop=st.sampled_from([(), ("a", "b")]),
    output_schema=st.sampled_from([None, {}, {"type": "object"}]),
    stream=st.just(value=True),
)


@given(CONVERSATIONS)
def test_what_is_said_is_read_back(conversation: Conversation) -> None:
    call = encode_request(conversation, model="m", repaired=False)
    assert (call.path, call.dropped) == ("/v1/chat/completions", ())
    assert decode_request(call.body) == conversation
    said = json.loads(call.body)
    MESSAGES.validate_python(said["messages"])
    TOOLS.validate_python(said["tools"])


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*chat*.json")), ids=lambda path: path.stem)
def test_real_requests_come_through(path: Path) -> None:
    sent = json.loads(path.read_text())["body"]
    conversation = decode_request(json.dumps(sent).encode())
    call = encode_request(conversation, model="other", repaired=False)
    again = decode_request(call.body)
    plain = {"model": "other", "stream": True, "dropped": ()}
    assert again == msgspec.structs.replace(conversation, **plain)


def test_unstreamed_nothing_is_said_of_a_stream() -> None:
    conversation = Conversation("m", (Turn("user", (Text("hi"),)),))
    said = json.loads(encode_request(conversation, model="m", repaired=False, stream=False).body)
    assert said == {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def test_openais_reasoning_models_get_what_they_take() -> None:
    conversation = Conversation(
        "m", (Turn("user", (Text("hi"),)),), max_tokens=9, temperature=0.1, top_p=0.2, top_k=3, stop=("a",)
    )
    call = encode_request(conversation, model="gpt-5", repaired=False)
    said = json.loads(call.body)
    assert said["max_completion_tokens"] == 9
    assert not said.keys() & {"max_tokens", "temperature", "top_p", "stop"}
    assert set(call.dropped) == {"top_k", "temperature", "top_p", "stop"}


@pytest.mark.parametrize(
    ("thought", "model", "effort"),
    [
        (Thought("enabled", 2_000), "m", "low"),
        (Thought("enabled", 10_000), "m", "medium"),
        (Thought("enabled", 60_000), "m", "high"),
        (Thought("adaptive", effort="max"), "m", "high"),
        (Thought("adaptive"), "m", None),
        (Thought("disabled"), "m", None),
        (Thought("adaptive", effort="low"), "gpt-4.1", None),
    ],
)
def test_how_much_to_think(thought: Thought, model: str, effort: str | None) -> None:
    conversation = Conversation("m", (Turn("user", (Text("hi"),)),), thought=thought)
    said = json.loads(encode_request(conversation, model=model, repaired=False).body)
    assert said.get("reasoning_effort") == effort


def test_stops_beyond_four_are_named() -> None:
    conversation = Conversation("m", (Turn("user", (Text("hi"),)),), stop=("1", "2", "3", "4", "5"))
    call = encode_request(conversation, model="m", repaired=False)
    assert (json.loads(call.body)["stop"], call.dropped) == (["1", "2", "3", "4"], ("stop[4]",))


def test_nothing_to_ask_is_refused() -> None:
    with pytest.raises(ClientError):
        encode_request(Conversation("m", ()), model="m", repaired=False)


def test_a_search_is_left_out_by_name_and_asked_for_alone_is_refused() -> None:
    search, turns = Tool("web_search", kind="web_search"), (Turn("user", (Text("Hi"),)),)
    asked = Conversation("m", turns, tools=(search, Tool("read")))
    call = encode_request(asked, model="m", repaired=False)
    assert [tool["function"]["name"] for tool in json.loads(call.body)["tools"]] == ["read"]
    assert call.dropped == ("tools[].web_search",)
    with pytest.raises(ClientError, match="web_search: this upstream has no such tool"):
        encode_request(Conversation("m", turns, tools=(search,)), model="m", repaired=False)
