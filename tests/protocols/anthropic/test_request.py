"""Whole requests as conversations: real ones, each field, and what is listed as dropped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from answers import SEAL

from peekd.protocols.anthropic.request import decode_request
from peekd.vocabulary.conversation import (
    Conversation,
    Media,
    SearchOptions,
    Text,
    Thought,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from peekd.vocabulary.errors import ClientError

CORPUS = Path(__file__).parents[2] / "transcripts" / "corpus"
USER = {"role": "user", "content": "hi"}
TOOL = {"name": "read", "description": "Reads.", "input_schema": {"type": "object"}}


def decoded(**fields: object) -> Conversation:
    return decode_request(json.dumps({"model": "m", "messages": [USER], **fields}).encode(), SEAL)


def refused(**fields: object) -> str:
    with pytest.raises(ClientError) as caught:
        decoded(**fields)
    assert caught.value.fault.kind == "invalid_request"
    return caught.value.fault.message


def real(name: str) -> Conversation:
    captured: dict[str, Any] = json.loads((CORPUS / name).read_text())
    return decode_request(json.dumps(captured["body"]).encode(), SEAL)


# ---- real requests --------------------------------------------------------------------------------


def test_every_real_request_is_read(request_file: Path) -> None:
    name = f"{request_file.parent.name}/{request_file.stem}"
    sent: dict[str, Any] = json.loads(request_file.read_text())["body"]
    conversation = real(f"{name}.json")
    assert conversation.model == sent["model"]
    assert len(conversation.turns) == len([message for message in sent["messages"] if message["content"]])
    assert [tool.name for tool in conversation.tools] == [tool["name"] for tool in sent.get("tools", [])]
    assert conversation.max_tokens == sent.get("max_tokens")
    assert set(conversation.dropped) <= REAL_DROPS


REAL_DROPS = {
    "cache_control",
    "context_management",
    "messages[].output_config",
    "messages[].content[].content[type=tool_reference]",
    "metadata",
    "safeguards",
    "system[x-anthropic-billing-header]",
    "tools[].defer_loading",
    "tools[].eager_input_streaming",
}


def test_a_first_turn_of_claude_code() -> None:
    conversation = real("claude-code/01-first-turn.json")
    assert [turn.role for turn in conversation.turns] == ["user", "system"]
    assert len(conversation.system) == 2
    assert len(conversation.tools) == 12
    assert conversation.thought == Thought("adaptive", effort="medium", shown=False)
    assert (conversation.max_tokens, conversation.stream) == (128000, True)
    assert set(conversation.dropped) == {
        "cache_control",
        "context_management",
        "messages[].output_config",
        "metadata",
        "system[x-anthropic-billing-header]",
        "tools[].defer_loading",
    }


def test_tool_references_of_claude_code() -> None:
    conversation = real("claude-code/20-tool-reference-result.json")
    result = conversation.turns[3].parts[0]
    assert isinstance(result, ToolResult)
    assert [json.loads(part.text)["tool_name"] for part in result.content if isinstance(part, Text)] == [
        "WebFetch",
        "TaskStop",
    ]
    assert "messages[].content[].content[type=tool_reference]" in conversation.dropped


def test_a_picture_that_a_tool_gave() -> None:
    (result,) = real("claude-code/21-image-tool-result.json").turns[-1].parts
    assert isinstance(result, ToolResult)
    (picture,) = result.content
    assert isinstance(picture, Media)
    assert (picture.media_type, len(picture.data)) == ("image/png", 100)


def test_parallel_results_in_any_order() -> None:
    turns = real("claude-code/22-parallel-tool-results.json").turns
    calls = [part.id for part in turns[-2].parts if isinstance(part, ToolCall)]
    results = [part.id for part in turns[-1].parts if isinstance(part, ToolResult)]
    assert calls == results[::-1]


def test_failed_tools() -> None:
    turns = real("claude-code/26-tool-errors.json").turns
    results = [part for turn in turns for part in turn.parts if isinstance(part, ToolResult)]
    assert [result.is_error for result in results].count(True) == 3


def test_a_thinking_budget() -> None:
    conversation = real("claude-code/04-thinking-budget-first.json")
    assert conversation.thought == Thought("enabled", budget=8000, shown=False)


def test_a_title_request_asks_for_a_schema() -> None:
    conversation = real("claude-code/11-title-request.json")
    assert conversation.output_schema is not None
    assert conversation.output_schema["required"] == ["title"]
    assert conversation.tools == ()


def test_opencode_and_the_sdk() -> None:
    assert real("opencode/03-tool-result-anthropic.json").dropped == (
        "cache_control",
        "tools[].eager_input_streaming",
    )
    assert real("sdk-python/04-anthropic-stream-thinking.json").dropped == ()


# ---- fields ---------------------------------------------------------------------------------------


def test_a_client_that_says_little_leaves_the_rest_unsaid() -> None:
    conversation = decoded()
    assert conversation == Conversation("m", conversation.turns)


def test_system_as_string_and_as_blocks() -> None:
    assert decoded(system="x").system == ("x",)
    blocks = [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}]
    assert decoded(system=blocks).system == ("x", "y")
    assert decoded(system=[{"type": "image"}]).dropped == ("system[type=image]",)


def test_billing_lines_do_not_reach_another_vendor() -> None:
    conversation = decoded(system=[{"type": "text", "text": "x-anthropic-billing-header: a=1;"}])
    assert conversation.system == ()
    assert conversation.dropped == ("system[x-anthropic-billing-header]",)


def test_sampling_and_limits() -> None:
    conversation = decoded(
        max_tokens=5, temperature=0, top_p=0.5, top_k=3, stop_sequences=["a", "b"], stream=True
    )
    assert (conversation.max_tokens, conversation.temperature, conversation.top_p) == (5, 0, 0.5)
    assert (conversation.top_k, conversation.stop, conversation.stream) == (3, ("a", "b"), True)


def test_tools_are_taken_as_written() -> None:
    schema = {"type": "object", "properties": {"type": {"type": "string"}}, "$schema": "x"}
    tools = [TOOL, {"type": "custom", "name": "x", "input_schema": schema, "strict": True}]
    conversation = decoded(tools=tools)
    read, strict = Tool("read", "Reads.", {"type": "object"}), Tool("x", "", schema, strict=True)
    assert (conversation.tools, conversation.dropped) == ((read, strict), ())


def test_tools_of_anthropics_own_are_listed() -> None:
    conversation = decoded(tools=[TOOL, {"type": "bash_20250124", "name": "bash"}])
    assert [tool.name for tool in conversation.tools] == ["read"]
    assert conversation.dropped == ("tools[type=bash_20250124]",)


def test_a_request_that_lives_by_such_a_tool_is_refused() -> None:
    assert "bash_20250124" in refused(tools=[{"type": "bash_20250124", "name": "bash"}])


@pytest.mark.parametrize("kind", ["web_search_20250305", "web_search_20260209"])
def test_a_search_on_the_web_is_read_with_its_wishes(kind: str) -> None:
    place = {"type": "approximate", "city": "Bern", "country": "CH"}
    search = {"type": kind, "name": "web_search", "max_uses": 8, "blocked_domains": ["b.com"]}
    conversation = decoded(
        tools=[{**search, "user_location": place, "cache_control": None, "new": 1}],
        tool_choice={"type": "tool", "name": "web_search"},
    )
    options = SearchOptions((), ("b.com",), 8, {"city": "Bern", "country": "CH"})
    assert conversation.tools == (Tool("web_search", kind="web_search", options=options),)
    assert conversation.tool_choice == ToolChoice("one", "web_search")
    assert conversation.dropped == ("tools[].new",)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, ToolChoice("auto")),
        ({"type": "any", "disable_parallel_tool_use": True}, ToolChoice("any", parallel=False)),
        ({"type": "tool", "name": "read"}, ToolChoice("one", "read")),
        ({"type": "none"}, ToolChoice("none")),
    ],
)
def test_tool_choice(choice: object, expected: ToolChoice) -> None:
    assert decoded(tools=[TOOL], tool_choice=choice).tool_choice == expected


@pytest.mark.parametrize(
    ("thinking", "thought"),
    [
        ({"type": "adaptive"}, Thought("adaptive")),
        ({"type": "adaptive", "display": "omitted"}, Thought("adaptive", shown=False)),
        ({"type": "adaptive", "display": "summarized"}, Thought("adaptive")),
        ({"type": "enabled", "budget_tokens": 1024}, Thought("enabled", 1024)),
        ({"type": "disabled"}, Thought("disabled")),
        ({"type": "new"}, None),
        (None, None),
    ],
)
def test_thinking(thinking: object, thought: Thought | None) -> None:
    conversation = decoded(thinking=thinking)
    assert conversation.thought == thought
    assert conversation.dropped == (("thinking[type=new]",) if thinking == {"type": "new"} else ())


def test_effort_alone_leaves_thinking_off() -> None:
    assert decoded(output_config={"effort": "low"}).thought == Thought("disabled", effort="low")
    with_thinking = decoded(output_config={"effort": "max"}, thinking={"type": "adaptive"})
    assert with_thinking.thought == Thought("adaptive", effort="max")


def test_output_schema_in_its_old_and_its_new_place() -> None:
    schema = {"type": "object"}
    form = {"type": "json_schema", "schema": schema}
    assert decoded(output_format=form).output_schema == schema
    assert decoded(output_config={"format": form}).output_schema == schema
    assert decoded(output_config={"format": {"type": "grammar"}}).dropped == (
        "output_config.format[type=grammar]",
    )


def test_whatever_else_is_listed_by_its_path_and_once() -> None:
    conversation = decoded(
        service_tier="auto",
        container="c",
        output_config={"new": 1},
        cache_control={},
        tools=[TOOL | {"new": 1}] * 2,
    )
    assert set(conversation.dropped) == {
        "service_tier",
        "container",
        "output_config.new",
        "cache_control",
        "tools[].new",
    }
    assert len(conversation.dropped) == 5


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"model": None}, "model: Field required"),
    ({"messages": "x"}, "messages: expected an array, got a string"),
    ({"system": 3}, "system: expected an array, got a number"),
    ({"tools": [{}]}, "tools.0.name: Field required"),
    ({"tool_choice": {"type": "most"}}, "tool_choice.type: expected auto, any, tool or none"),
    ({"tool_choice": {"type": "tool", "name": "x"}}, "tool_choice.name: there is no tool 'x' to choose"),
    ({"max_tokens": 1.5}, "max_tokens: expected a whole number"),
    ({"stop_sequences": [1]}, "stop_sequences.0: expected a string, got a number"),
    ({"thinking": "on"}, "thinking: expected an object, got a string"),
    ({"stream": 1}, "stream: expected a boolean, got a number"),
]


@pytest.mark.parametrize(("fields", "told"), WRONG)
def test_what_is_wrong_is_told_by_its_path(fields: dict[str, Any], told: str) -> None:
    assert refused(**fields) == told


def test_a_body_that_is_no_object() -> None:
    with pytest.raises(ClientError, match="JSON object"):
        decode_request(b"[]", SEAL)
