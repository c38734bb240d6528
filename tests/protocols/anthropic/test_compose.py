"""A conversation said in this API, held against the SDK's types and read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anthropic.types
import msgspec
import pytest
from answers import SEAL
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from peekd.protocols.anthropic.compose import encode_request
from peekd.protocols.anthropic.looping import fit_for_loop
from peekd.protocols.anthropic.request import decode_request
from peekd.protocols.anthropic.sampling import acceptable
from peekd.vocabulary.conversation import (
    Conversation,
    Media,
    Part,
    RedactedThinking,
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

MESSAGES: TypeAdapter[Any] = TypeAdapter(list[anthropic.types.MessageParam])

WORDS = st.text(min_size=1)
TEXTS = st.builds(Text, WORDS)
MEDIA = st.sampled_from([
    Media("image/png", data="AAAA"),
    Media("image/*", url="https://example.com/a"),
    Media("application/pdf", data="AAAA", title="T"),
    Media("text/plain", data="w6k="),
])
ASSISTANT = st.one_of(
    TEXTS,
    st.builds(RedactedThinking, WORDS, st.just("anthropic")),
    st.builds(Thinking, WORDS, st.just("anthropics-own"), st.just("anthropic")),
    st.builds(ToolCall, WORDS, WORDS, st.dictionaries(WORDS, st.integers())),
)
RESULTS = st.builds(
    ToolResult, WORDS, st.lists(st.one_of(TEXTS, MEDIA)).map(tuple), is_error=st.sampled_from([True, False])
)
TURNS = st.one_of(
    st.builds(Turn, st.just("user"), st.lists(st.one_of(TEXTS, MEDIA, RESULTS), min_size=1).map(tuple)),
    st.builds(Turn, st.just("assistant"), st.lists(ASSISTANT, min_size=1).map(tuple)),
    st.builds(Turn, st.just("system"), st.lists(TEXTS, min_size=1).map(tuple)),
)
CONVERSATIONS = st.builds(
    Conversation,
    model=st.just("m"),
    turns=st.lists(TURNS).map(tuple),
    system=st.lists(WORDS).map(tuple),
    tools=st.just((Tool("read", "Reads.", {"type": "object"}), Tool("x", "", {"type": "object"}))),
    tool_choice=st.sampled_from([None, ToolChoice("auto"), ToolChoice("one", "x", parallel=False)]),
    thought=st.sampled_from([
        None,
        Thought("adaptive", effort="low", shown=False),
        Thought("enabled", 2048),
        Thought("disabled"),
    ]),
    max_tokens=st.integers(min_value=1, max_value=10**6),
    temperature=st.sampled_from([None, 0.5]),
    top_p=st.sampled_from([None, 0.5]),
    top_k=st.sampled_from([None, 5]),
    stop=st.lists(WORDS).map(tuple),
    output_schema=st.sampled_from([None, {"type": "object"}]),
    stream=st.just(True),  # noqa: FBT003 - a strategy
)


def said(conversation: Conversation, *, repaired: bool = False) -> dict[str, Any]:
    return json.loads(encode_request(conversation, model="m", repaired=repaired).body)


@given(CONVERSATIONS)
def test_what_is_said_is_read_back(conversation: Conversation) -> None:
    conversation, _ = acceptable(conversation, conversation.max_tokens or 0)
    words = Turn("assistant", (Text("and"),))  # thoughts may not come last
    turns = (
        turn for one in conversation.turns for turn in ((one, words) if one.role == "assistant" else (one,))
    )
    conversation = msgspec.structs.replace(conversation, turns=tuple(turns))
    body = encode_request(conversation, model="m", repaired=False).body
    assert decode_request(body, SEAL) == conversation
    MESSAGES.validate_python([
        message for message in json.loads(body)["messages"] if message["role"] != "system"
    ])


def test_what_the_api_would_refuse_is_left_out_and_named() -> None:
    turns = (Turn("assistant", (Thinking("nobody signed this"), Text("x"))),)
    conversation = Conversation("m", turns, temperature=1.5, output_schema={})
    call = encode_request(conversation, model="m", repaired=False)
    body = json.loads(call.body)
    assert body["messages"][0]["content"] == [{"type": "text", "text": "x"}]
    assert body["temperature"] == 1.0
    assert "output_config" not in body
    assert call.dropped == ("temperature", "thinking without signature", "output_schema of any object")


OWN = Thinking("Hm", "s", "anthropic")


@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        ((OWN,), []),
        ((OWN, RedactedThinking("d", "anthropic")), []),
        ((OWN, Text("x"), OWN), ["thinking", "text"]),
        ((OWN, Text("x")), ["thinking", "text"]),
    ],
    ids=["thoughts", "all thoughts", "words before", "words behind"],
)
def test_thoughts_do_not_end_a_conversation(parts: tuple[Part, ...], kept: list[str]) -> None:
    turns = (Turn("user", (Text("Hi"),)), Turn("assistant", parts))
    call = encode_request(Conversation("m", turns), model="m", repaired=False)
    _, *rest = json.loads(call.body)["messages"]
    assert [block["type"] for message in rest for block in message["content"]] == kept
    assert call.dropped == (() if len(kept) == len(parts) else ("thinking that nothing follows",))


def test_thoughts_do_not_end_an_earlier_turn_either() -> None:
    """An answer that was thoughts alone would be refused wherever it stands, each turn anew."""
    turns = (Turn("assistant", (OWN,)), Turn("user", (Text("Hi"),)))
    call = encode_request(Conversation("m", turns), model="m", repaired=False)
    assert [message["role"] for message in json.loads(call.body)["messages"]] == ["user"]
    assert call.dropped == ("thinking that nothing follows",)


def test_thoughts_stay_where_the_models_next_turn_goes_on() -> None:
    turns = (Turn("assistant", (OWN,)), Turn("assistant", (ToolCall("a", "read", {}),)))
    call = encode_request(Conversation("m", turns), model="m", repaired=False)
    assert [m["content"][0]["type"] for m in json.loads(call.body)["messages"]] == ["thinking", "tool_use"]


def test_nothing_that_another_family_signed_is_sent_and_all_of_it_is_named() -> None:
    parts: tuple[Part, ...] = (
        Thinking("so", "s", "gemini"),
        RedactedThinking("d", "openai"),
        Text("", "s", "gemini"),
        ToolCall("id", "read", {}, "s", "gemini"),
    )
    call = encode_request(Conversation("m", (Turn("assistant", parts),)), model="m", repaired=False)
    (message,) = json.loads(call.body)["messages"]
    assert message["content"] == [{"type": "tool_use", "id": "id", "name": "read", "input": {}}]
    assert call.dropped == ("thinking of another family", "signature of another family")


def test_real_requests_come_through(request_file: Path) -> None:
    sent: dict[str, Any] = json.loads(request_file.read_text())["body"]
    if sent.get("tools") and all("input_schema" not in tool for tool in sent["tools"]):
        return  # only tools that have no word of ours
    conversation = decode_request(json.dumps(sent).encode(), SEAL)
    again = decode_request(encode_request(conversation, model=sent["model"], repaired=False).body, SEAL)
    plain = {"stream": True, "dropped": (), "max_tokens": conversation.max_tokens or 32_000}
    fitted, _ = fit_for_loop(conversation, repaired=False)
    assert again == msgspec.structs.replace(fitted, **plain)


def test_path_and_version() -> None:
    call = encode_request(Conversation("a", ()), model="b", repaired=False)
    assert (call.path, call.headers) == ("/v1/messages", (("anthropic-version", "2023-06-01"),))
    assert json.loads(call.body) == {"model": "b", "messages": [], "max_tokens": 32000, "stream": True}


def test_a_repaired_request_has_no_thoughts_and_no_signatures() -> None:
    parts: tuple[Part, ...] = (
        Thinking("Hm", "s", "anthropic"),
        RedactedThinking("d", "anthropic"),
        Text("x"),
        ToolCall("t", "read", {}),
    )
    turns = (Turn("assistant", parts), Turn("assistant", (Thinking("only", "s", "anthropic"),)))
    messages = said(Conversation("m", turns), repaired=True)["messages"]
    assert [[block["type"] for block in message["content"]] for message in messages] == [["text", "tool_use"]]


def test_a_tool_without_parameters_takes_an_empty_object() -> None:
    (tool,) = said(Conversation("m", (), tools=(Tool("x"),)))["tools"]
    assert tool == {"name": "x", "input_schema": {"type": "object"}}


def test_media_of_other_kinds_cannot_be_said() -> None:
    turn = Turn("user", (Media("audio/wav", data="AAAA"),))
    with pytest.raises(ClientError, match="audio/wav"):
        encode_request(Conversation("m", (turn,)), model="m", repaired=False)


def test_a_search_stands_beside_functions_unless_one_has_its_name() -> None:
    search, turns = Tool("google", kind="web_search"), (Turn("user", (Text("Hi"),)),)
    call = encode_request(Conversation("m", turns, tools=(search, Tool("read"))), model="m", repaired=False)
    names = [tool["name"] for tool in json.loads(call.body)["tools"]]
    assert (names, call.dropped) == (["read", "web_search"], ())
    taken = Conversation("m", turns, tools=(search, Tool("web_search")))
    call = encode_request(taken, model="m", repaired=False)
    assert [tool.get("type") for tool in json.loads(call.body)["tools"]] == [None]
    assert call.dropped == ("tools[].web_search",)
