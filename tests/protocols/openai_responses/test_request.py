"""A Responses request is read whole; what has no word is named by its place, and agents' own are all read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from answers import SEAL

from peekd.protocols.openai_responses.request import decode_request
from peekd.vocabulary.conversation import Conversation, Text, Thought, Tool, ToolChoice, Turn
from peekd.vocabulary.errors import ClientError

HELLO: dict[str, Any] = {"model": "gpt-5", "input": "hi"}
READ: dict[str, Any] = {"type": "function", "name": "read", "parameters": {"type": "object"}}

CORPUS = {
    f"{path.parent.name}/{path.stem}": msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    for path in sorted((Path(__file__).parents[2] / "transcripts" / "corpus").glob("*/*.json"))
}
REQUESTS = {
    name: said["body"]
    for name, said in CORPUS.items()
    if (said["method"], said["path"]) == ("POST", "/v1/responses")
}
_OWN = {"prompt_cache_key"}
_CODEX = _OWN | {"client_metadata", "tools[].external_web_access"}
_UNKNOWN_MODEL = _CODEX | {"tools[].description[type=namespace]"}
_KNOWN_MODEL = _CODEX | {"tools[].search_content_types", "text.verbosity"}
_BUILT_IN = _KNOWN_MODEL | {"input[].internal_chat_message_metadata_passthrough"}
DROPPED = {
    "codex/01-first-turn": _UNKNOWN_MODEL,
    "codex/02-tool-result": _UNKNOWN_MODEL,
    "codex/03-known-model-first": _BUILT_IN,
    "codex/04-known-model-tool-result": _BUILT_IN,
    "codex/05-effort-high": _KNOWN_MODEL,
    "codex/06-output-schema": _UNKNOWN_MODEL,
    "codex/08-local-compact": _OWN | {"client_metadata", "text.verbosity"},
    "codex/09-after-local-compact": _KNOWN_MODEL,
    "opencode/07-first-turn-responses": _OWN,
    "opencode/08-tool-result-responses": _OWN,
    "sdk-python/08-openai-responses": set[str](),
    "sdk-python/09-openai-responses-stream": set[str](),
}
COMPACTING = "codex/10-remote-compact"


def read(**more: object) -> Conversation:
    return decode_request(msgspec.json.encode({**HELLO, **more}), SEAL)


@pytest.mark.parametrize("name", REQUESTS.keys() - {COMPACTING})
def test_agents_own_requests_are_read_and_nothing_is_lost_unnamed(name: str) -> None:
    said = decode_request(msgspec.json.encode(REQUESTS[name]), SEAL)
    assert set(said.dropped) == DROPPED[name]
    assert said.turns[0].role == "user"
    asked = {tool.get("name", tool["type"]) for tool in REQUESTS[name].get("tools", ())}
    assert {tool.namespace or tool.name for tool in said.tools} == asked


def test_a_wish_to_compact_is_refused_in_words_that_help() -> None:
    with pytest.raises(ClientError, match=r"input\.7\.type: compaction_trigger"):
        decode_request(msgspec.json.encode(REQUESTS[COMPACTING]), SEAL)


def test_sampling_and_limits() -> None:
    said = read(temperature=0.5, top_p=0.9, max_output_tokens=7, stream=True)
    assert (said.temperature, said.top_p, said.max_tokens, said.stream) == (0.5, 0.9, 7, True)
    assert said.turns == (Turn("user", (Text("hi"),)),)


def test_instructions_stand_before_those_in_the_input() -> None:
    items = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    assert read(instructions="You are kind.", input=items).system == ("You are kind.", "Be brief.")


def test_a_tool_that_was_loaded_and_is_listed_too_is_one() -> None:
    loaded = {"type": "tool_search_output", "call_id": "c", "execution": "client", "tools": [READ]}
    later = {**READ, "name": "now"}
    said = read(input=[loaded, {**loaded, "tools": [later]}], tools=[READ], tool_choice="required")
    assert said.tools == (Tool("read", "", {"type": "object"}), Tool("now", "", {"type": "object"}))
    assert said.tool_choice == ToolChoice("any")


REASONING: list[tuple[dict[str, object] | None, Thought | None]] = [
    (None, None),
    ({}, None),
    ({"effort": None, "summary": None}, None),
    ({"effort": "none", "summary": "auto"}, Thought("disabled")),
    ({"effort": "minimal"}, Thought("adaptive", effort="low", shown=False)),
    ({"effort": "xhigh", "summary": "none"}, Thought("adaptive", effort="xhigh", shown=False)),
    ({"summary": "auto"}, Thought("adaptive")),
    ({"effort": "high", "generate_summary": "concise"}, Thought("adaptive", effort="high")),
]


@pytest.mark.parametrize(("reasoning", "thought"), REASONING)
def test_thoughts_are_shown_where_a_summary_is_asked_for(
    reasoning: dict[str, object] | None, thought: Thought | None
) -> None:
    said = read(reasoning=reasoning)
    assert (said.thought, said.dropped) == (thought, ())


def test_an_unknown_effort_is_named() -> None:
    assert read(reasoning={"effort": "wild"}).dropped == ("reasoning.effort[wild]",)


def test_formats() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    named = {"type": "json_schema", "name": "n", "schema": schema, "strict": True}
    assert read(text={"format": named, "verbosity": "low"}).output_schema == schema
    assert read(text={"format": {"type": "json_object"}}).output_schema == {}
    assert read(text={"format": {"type": "text"}}).output_schema is None
    assert read(text={"verbosity": "low"}).dropped == ("text.verbosity",)
    assert read(text={"format": {"type": "grammar"}}).dropped == ("text.format[type=grammar]",)


def test_what_nobody_has_read_is_named_by_its_place() -> None:
    said = read(
        store=True,
        truncation="auto",
        background=False,
        include=["reasoning.encrypted_content", "message.output_text.logprobs"],
        reasoning={"effort": "low", "new": 1},
        tools=[READ, {"type": "mcp"}],
    )
    assert set(said.dropped) == {
        "store[true]",
        "truncation",
        "include[message.output_text.logprobs]",
        "reasoning.new",
        "tools[type=mcp]",
    }
    assert read(store=False, include=["reasoning.encrypted_content"]).dropped == ()


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id: this upstream keeps no such thing"),
        ({"conversation": "conv_1"}, "conversation: "),
        ({"prompt": {"id": "pmpt_1"}}, "prompt: "),
        ({"background": True}, "background"),
        ({"model": 7}, "model"),
        ({"input": None}, "input"),
        ({"input": 7}, "input"),
        ({"tools": [{"type": "mcp"}, {"type": "file_search"}]}, "tools: mcp, file_search"),
        ({"tools": [READ], "tool_choice": "any"}, "tool_choice"),
        ({"temperature": "hot"}, "temperature"),
    ],
)
def test_a_fault_is_told_by_its_field(more: dict[str, object], named: str) -> None:
    with pytest.raises(ClientError, match=named):
        read(**more)
