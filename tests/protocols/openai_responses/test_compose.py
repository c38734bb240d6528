"""A conversation in Responses' words: the way back reads the same, and OpenAI's own types accept it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from answers import SEAL
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming
from pydantic import TypeAdapter

from peekd.protocols.openai_responses.compose import encode_request
from peekd.protocols.openai_responses.request import decode_request
from peekd.protocols.registry import CLIENTS
from peekd.vocabulary.conversation import (
    Conversation,
    Media,
    SearchOptions,
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

SDK: TypeAdapter[Any] = TypeAdapter(ResponseCreateParamsStreaming)
CORPUS = Path(__file__).parents[2] / "transcripts" / "corpus"
ASKS = {
    "anthropic": "/v1/messages",
    "gemini": "/models/",
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
}


def accepted(body: bytes) -> None:
    """Hold a request to the SDK's types, which want an id on replayed reasoning; the API does not."""
    said = json.loads(body)
    for item in said["input"]:
        if item["type"] == "reasoning":
            item["id"] = "rs_1"
    SDK.validate_python(said, extra="forbid")


WORDS = st.text(min_size=1, max_size=8)
TEXTS = st.builds(Text, WORDS)
MEDIA = st.sampled_from([
    Media("image/png", data="AAAA"),
    Media("image/*", url="https://example.com/a"),
    Media("application/pdf", data="AAAA", title="a.pdf"),
    Media("application/pdf", url="https://example.com/a.pdf"),
])
THOUGHTS = st.builds(Thinking, st.text(max_size=8), WORDS, st.just("openai"))
CALLS = st.builds(ToolCall, WORDS, WORDS, st.dictionaries(WORDS, st.integers(), max_size=2))
ANSWERS = st.builds(
    Turn, st.just("assistant"), st.lists(st.one_of(TEXTS, THOUGHTS, CALLS), min_size=1, max_size=4).map(tuple)
)
SPOKEN = st.lists(st.one_of(TEXTS, MEDIA), min_size=1, max_size=3).map(tuple)
ASKED = st.builds(Turn, st.just("user"), SPOKEN)
RESULTS = st.builds(
    Turn,
    st.just("user"),
    st.lists(st.builds(ToolResult, WORDS, st.one_of(st.just(()), SPOKEN)), min_size=1, max_size=2).map(tuple),
)
TOLD = st.builds(Turn, st.just("system"), st.lists(TEXTS, min_size=1, max_size=2).map(tuple))
ROUNDS = st.builds(lambda *turns: turns, ASKED, ANSWERS, RESULTS, TOLD, ANSWERS)
OBJECT: dict[str, Any] = {"type": "object", "properties": {}}
TOOLS = (
    Tool("read", "Reads.", OBJECT, strict=True),
    Tool("x", parameters=OBJECT, strict=False),
    Tool(
        "web_search",
        kind="web_search",
        options=SearchOptions(allowed_domains=("example.com",), place={"country": "NO"}),
    ),
)
CONVERSATIONS = st.builds(
    Conversation,
    model=st.just("m"),
    turns=ROUNDS,
    system=st.lists(WORDS, max_size=1).map(tuple),
    tools=st.just(TOOLS),
    tool_choice=st.sampled_from([None, ToolChoice("any"), ToolChoice("one", "x", parallel=False)]),
    thought=st.sampled_from([None, Thought("adaptive", effort="low"), Thought("adaptive")]),
    max_tokens=st.sampled_from([None, 16, 900]),
    temperature=st.sampled_from([None, 0.5]),
    top_p=st.sampled_from([None, 0.5]),
    output_schema=st.sampled_from([None, {}, OBJECT]),
    stream=st.just(value=True),
)


@given(CONVERSATIONS)
def test_what_is_said_is_read_back(conversation: Conversation) -> None:
    call = encode_request(conversation, model="m", repaired=False)
    assert (call.path, call.dropped) == ("/v1/responses", ())
    assert decode_request(call.body, SEAL) == conversation
    accepted(call.body)


def corpus() -> list[Any]:
    """Give every client's real requests that another upstream can be asked."""
    found: list[Any] = []
    for path in sorted(CORPUS.glob("*/*.json")):
        said = json.loads(path.read_text())
        protocol = next((name for name, mark in ASKS.items() if mark in said["path"]), None)
        if said["method"] != "POST" or protocol is None or "count" in said["path"]:
            continue
        with contextlib.suppress(ClientError):
            asked = CLIENTS[protocol].decode_request(json.dumps(said["body"]).encode(), said["path"], SEAL)
            found.append(pytest.param(asked, id=f"{path.parent.name}/{path.stem}"))
    return found


def test_there_are_real_requests_of_every_protocol() -> None:
    assert len(corpus()) > 60


@pytest.mark.parametrize("conversation", corpus())
@pytest.mark.parametrize("model", ["gpt-5", "gpt-4.1", "some-other"])
def test_real_requests_of_every_client_are_accepted(conversation: Conversation, model: str) -> None:
    call = encode_request(conversation, model=model, repaired=False)
    accepted(call.body)
    said = json.loads(call.body)
    assert said["store"] is False
    calls = {item["call_id"] for item in said["input"] if item["type"] == "function_call"}
    results = {item["call_id"] for item in said["input"] if item["type"] == "function_call_output"}
    assert results == calls


def said_of(conversation: Conversation, model: str = "gpt-5", *, repaired: bool = False) -> Any:
    return json.loads(encode_request(conversation, model=model, repaired=repaired).body)


HELLO = Conversation("m", (Turn("user", (Text("hi"),)),))


def test_unstreamed_nothing_is_said_of_a_stream() -> None:
    said = json.loads(encode_request(HELLO, model="m", repaired=False, stream=False).body)
    item = {"type": "message", "role": "user", "content": "hi"}
    assert said == {"model": "m", "input": [item], "store": False}


@pytest.mark.parametrize(
    ("model", "thought", "include"),
    [
        ("gpt-5", None, ["reasoning.encrypted_content"]),
        ("o3", Thought("disabled"), ["reasoning.encrypted_content"]),
        ("gpt-4.1", Thought("adaptive", effort="low"), None),
        ("some-other", None, None),
        ("some-other", Thought("adaptive"), ["reasoning.encrypted_content"]),
        ("some-other", Thought("disabled"), None),
    ],
)
def test_proofs_are_asked_for_where_the_model_thinks(
    model: str, thought: Thought | None, include: list[str] | None
) -> None:
    conversation = msgspec.structs.replace(HELLO, thought=thought)
    assert said_of(conversation, model).get("include") == include


@pytest.mark.parametrize(
    ("thought", "model", "reasoning"),
    [
        (None, "gpt-5", None),
        (Thought("adaptive"), "gpt-5", {"summary": "auto"}),
        (Thought("enabled", 2_000), "gpt-5", {"effort": "low", "summary": "auto"}),
        (Thought("adaptive", effort="high", shown=False), "gpt-5", {"effort": "high"}),
        (Thought("disabled"), "gpt-5", None),
        (Thought("adaptive", effort="high"), "gpt-4.1", None),
    ],
)
def test_how_much_to_think_and_whether_to_show_it(
    thought: Thought | None, model: str, reasoning: dict[str, str] | None
) -> None:
    conversation = msgspec.structs.replace(HELLO, thought=thought)
    assert said_of(conversation, model).get("reasoning") == reasoning


def test_reasoning_models_get_what_they_take_and_the_rest_is_named() -> None:
    conversation = msgspec.structs.replace(HELLO, temperature=0.1, top_p=0.2, top_k=3, stop=("a",))
    call = encode_request(conversation, model="gpt-5", repaired=False)
    assert not json.loads(call.body).keys() & {"temperature", "top_p", "top_k", "stop"}
    assert set(call.dropped) == {"top_k", "temperature", "top_p", "stop"}
    call = encode_request(conversation, model="gpt-4.1", repaired=False)
    assert json.loads(call.body)["top_p"] == 0.2
    assert set(call.dropped) == {"top_k", "stop"}


def test_a_limit_that_the_api_refuses_is_raised_and_named() -> None:
    call = encode_request(msgspec.structs.replace(HELLO, max_tokens=1), model="m", repaired=False)
    assert (json.loads(call.body)["max_output_tokens"], call.dropped) == (16, ("max_tokens below 16",))


def test_tools_are_as_loose_as_their_client_meant_them() -> None:
    """Without a word on it, this API would hold arguments to the schema."""
    tools = (
        Tool("a"),
        Tool("patch", kind="freeform", parameters=OBJECT),
        Tool("b", parameters={"type": "object"}),
    )
    said = said_of(msgspec.structs.replace(HELLO, tools=tools))["tools"]
    assert [(tool["type"], tool["name"], tool["strict"]) for tool in said] == [
        ("function", "a", False),
        ("function", "patch", False),
        ("function", "b", False),
    ]
    assert [tool["parameters"] for tool in said] == [OBJECT, OBJECT, OBJECT]


def test_a_search_is_the_upstreams_own_and_brings_its_sources() -> None:
    options = SearchOptions(("a.com",), ("b.com",), 3, {"city": "Oslo"})
    tools = (Tool("web_search", kind="web_search", options=options),)
    choice = ToolChoice("one", "web_search")
    conversation = msgspec.structs.replace(HELLO, tools=tools, tool_choice=choice)
    call = encode_request(conversation, model="gpt-4.1", repaired=False)
    said = json.loads(call.body)
    assert said["tools"] == [
        {
            "type": "web_search",
            "filters": {"allowed_domains": ["a.com"]},
            "user_location": {"type": "approximate", "city": "Oslo"},
        }
    ]
    assert said["include"] == ["web_search_call.action.sources"]
    assert said["tool_choice"] == {
        "type": "allowed_tools",
        "mode": "required",
        "tools": [{"type": "web_search"}],
    }
    assert set(call.dropped) == {"web_search.blocked_domains", "web_search.max_uses"}
    accepted(call.body)


def test_repaired_there_are_no_thoughts() -> None:
    turns = (Turn("user", (Text("a"),)), Turn("assistant", (Thinking("t", "p", "openai"), Text("b"))))
    conversation = Conversation("m", turns)
    assert [item["type"] for item in said_of(conversation)["input"]] == ["message", "reasoning", "message"]
    assert [item["type"] for item in said_of(conversation, repaired=True)["input"]] == ["message", "message"]


@pytest.mark.parametrize("turns", [(), (Turn("assistant", (Thinking("t", "p", "gemini"),)),)])
def test_nothing_to_ask_is_refused(turns: tuple[Turn, ...]) -> None:
    with pytest.raises(ClientError):
        encode_request(Conversation("m", turns), model="m", repaired=False)
