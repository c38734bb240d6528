"""A Chat Completions request is read whole; what has no word is named by its place."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.openai_chat.request import decode_request
from peekd.vocabulary.conversation import Conversation, SearchOptions, Thought, Tool, ToolChoice
from peekd.vocabulary.errors import ClientError

HELLO: dict[str, Any] = {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]}
READ: dict[str, Any] = {
    "type": "function",
    "function": {"name": "read", "description": "Reads.", "parameters": {"type": "object"}, "strict": True},
}


def read(**more: object) -> Conversation:
    return decode_request(msgspec.json.encode({**HELLO, **more}))


def test_sampling_limits_and_stops() -> None:
    said = read(temperature=0.5, top_p=0.9, max_tokens=7, max_completion_tokens=9, stop="x", stream=True)
    assert (said.temperature, said.top_p, said.max_tokens, said.stop) == (0.5, 0.9, 9, ("x",))
    assert (said.stream, said.dropped) == (True, ())
    assert read(stop=["a", "b"], max_tokens=7).stop == ("a", "b")


def test_tools_are_functions_strict_ones_too_and_other_kinds_are_named() -> None:
    said = read(tools=[READ, {"type": "function", "function": {"name": "now"}}, {"type": "custom"}])
    assert said.tools == (Tool("read", "Reads.", {"type": "object"}, strict=True), Tool("now"))
    assert set(said.dropped) == {"tools[type=custom]"}


CHOICES: list[tuple[object, object, ToolChoice | None]] = [
    (None, None, None),
    (None, True, None),
    (None, False, ToolChoice("auto", parallel=False)),
    ("auto", None, ToolChoice("auto")),
    ("required", False, ToolChoice("any", parallel=False)),
    ("none", None, ToolChoice("none")),
    ({"type": "function", "function": {"name": "read"}}, None, ToolChoice("one", "read")),
]


@pytest.mark.parametrize(("choice", "parallel", "expected"), CHOICES)
def test_choices(choice: object, parallel: object, expected: ToolChoice | None) -> None:
    said = read(tools=[READ], tool_choice=choice, parallel_tool_calls=parallel)
    assert said.tool_choice == expected
    if isinstance(choice, str):
        assert read(tool_choice=choice).tool_choice is None


@pytest.mark.parametrize(
    ("effort", "thought"),
    [
        (None, None),
        ("none", Thought("disabled")),
        ("minimal", Thought("adaptive", effort="low")),
        ("high", Thought("adaptive", effort="high")),
    ],
)
def test_efforts(effort: object, thought: Thought | None) -> None:
    assert read(reasoning_effort=effort).thought == thought


def test_an_unknown_effort_is_named() -> None:
    assert read(reasoning_effort="wild").dropped == ("reasoning_effort[wild]",)


def test_formats() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    named = {"name": "n", "schema": schema, "strict": True}
    assert read(response_format={"type": "json_schema", "json_schema": named}).output_schema == schema
    assert read(response_format={"type": "json_object"}).output_schema == {}
    assert read(response_format={"type": "text"}).output_schema is None
    assert read(response_format={"type": "grammar"}).dropped == ("response_format[type=grammar]",)


def test_what_nobody_has_read_is_named_by_its_place() -> None:
    said = read(
        seed=7,
        store=False,
        metadata={},
        stream_options={"include_usage": True, "new": 1},
        messages=[{"role": "user", "name": "me", "content": [{"type": "text", "text": "x", "new": 1}]}],
    )
    assert set(said.dropped) == {
        "seed",
        "store",
        "metadata",
        "stream_options.new",
        "messages[].name",
        "messages[].content[].new",
    }


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"n": 2}, "n: "),
        ({"model": 7}, "model"),
        ({"messages": None}, "messages"),
        ({"tools": [{"type": "custom"}]}, "tools: custom"),
        ({"tools": [READ], "tool_choice": "any"}, "tool_choice"),
        ({"tools": [READ], "tool_choice": {"type": "allowed_tools"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice.function.name"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"temperature": "hot"}, "temperature"),
    ],
)
def test_a_fault_is_told_by_its_field(more: dict[str, object], named: str) -> None:
    with pytest.raises(ClientError, match=named):
        read(**more)


def test_a_search_is_an_option_of_the_request() -> None:
    place = {"type": "approximate", "approximate": {"city": "Bern", "country": "CH"}}
    said = read(web_search_options={"user_location": place, "search_context_size": "low"}, tools=[READ])
    options = SearchOptions(place={"city": "Bern", "country": "CH"})
    assert said.tools[1:] == (Tool("web_search", kind="web_search", options=options),)
    assert said.dropped == ("web_search_options.search_context_size",)
    assert read(web_search_options={}).tools == (
        Tool("web_search", kind="web_search", options=SearchOptions()),
    )
