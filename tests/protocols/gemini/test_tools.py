"""Tools said to Gemini: functions, or a search, and never both."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types

from peekd.protocols.gemini.tools import encode_tools
from peekd.vocabulary.conversation import Conversation, SearchOptions, Text, Tool, ToolChoice, Turn
from peekd.vocabulary.errors import ClientError

READ = Tool("read", "Reads.", {"type": "object", "properties": {"path": {"type": "string"}}})
SEARCH = Tool("web_search", kind="web_search")


def said(
    *tools: Tool, choice: ToolChoice | None = None, plain: bool = True
) -> tuple[dict[str, Any], tuple[str, ...]]:
    turns = (Turn("user", (Text("Hi"),)),)
    fields, dropped = encode_tools(Conversation("m", turns, tools=tools, tool_choice=choice), plain=plain)
    for tool in fields.get("tools", ()):
        types.Tool.model_validate(tool)
    if "toolConfig" in fields:
        types.ToolConfig.model_validate(fields["toolConfig"])
    return fields, dropped


def test_no_tools_are_no_fields() -> None:
    assert said() == ({}, ())


def test_functions_are_declared() -> None:
    fields, dropped = said(READ, Tool("now", strict=True))
    (tool,) = fields["tools"]
    assert [one["name"] for one in tool["functionDeclarations"]] == ["read", "now"]
    assert dropped == ("tools[].strict",)


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        (ToolChoice("auto"), {"mode": "AUTO"}),
        (ToolChoice("any"), {"mode": "ANY"}),
        (ToolChoice("none"), {"mode": "NONE"}),
        (ToolChoice("one", "read"), {"mode": "ANY", "allowedFunctionNames": ["read"]}),
    ],
)
def test_a_choice_among_functions_is_said(choice: ToolChoice, config: dict[str, Any]) -> None:
    assert said(READ, choice=choice)[0]["toolConfig"] == {"functionCallingConfig": config}


def test_a_search_alone_is_googles_own_and_its_wishes_are_named() -> None:
    options = SearchOptions(("a.com",), ("b.com",), 8, {"city": "Bern"})
    fields, dropped = said(Tool("web_search", kind="web_search", options=options))
    assert fields == {"tools": [{"googleSearch": {}}]}
    wishes = ("allowed_domains", "blocked_domains", "max_uses", "user_location")
    assert dropped == tuple(f"tools[].web_search.{name}" for name in wishes)


CHOICES: list[tuple[ToolChoice, dict[str, Any], tuple[str, ...]]] = [
    (ToolChoice("auto"), {"tools": [{"googleSearch": {}}]}, ()),
    (ToolChoice("any"), {"tools": [{"googleSearch": {}}]}, ("tool_choice",)),
    (ToolChoice("one", "web_search"), {"tools": [{"googleSearch": {}}]}, ("tool_choice",)),
    (ToolChoice("none"), {}, ()),
]


@pytest.mark.parametrize(("choice", "fields", "dropped"), CHOICES)
def test_a_model_cannot_be_made_to_search_and_can_be_kept_from_it(
    choice: ToolChoice, fields: dict[str, Any], dropped: tuple[str, ...]
) -> None:
    assert said(SEARCH, choice=choice) == (fields, dropped)


def test_beside_functions_a_search_is_left_out_by_name() -> None:
    fields, dropped = said(SEARCH, READ)
    assert [tool.keys() for tool in fields["tools"]] == [{"functionDeclarations"}]
    assert dropped == ("tools[].web_search",)
    with pytest.raises(ClientError, match="web_search"):
        said(SEARCH, READ, choice=ToolChoice("one", "web_search"))


ONE_OF = {"oneOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "string"}}}]}


@pytest.mark.parametrize(
    ("parameters", "plain", "key"),
    [
        (READ.parameters, True, "parametersJsonSchema"),
        (READ.parameters, False, "parameters"),
        (ONE_OF, True, "parameters"),
        ({}, True, None),
        ({"type": "object", "properties": {}}, False, None),
    ],
)
def test_parameters_go_as_json_schema_where_it_is_taken_and_fits(
    parameters: dict[str, Any], key: str | None, *, plain: bool
) -> None:
    fields, _ = said(Tool("read", "", parameters), plain=plain)
    (declaration,) = fields["tools"][0]["functionDeclarations"]
    assert declaration.keys() - {"name"} == ({key} if key else set())


def test_tools_are_said_the_same_when_they_are_offered_again_each_in_its_way() -> None:
    large = Tool("read", "", {**READ.parameters, "description": "x" * 20_000})
    first = [said(tool, plain=plain) for plain in (True, False) for tool in (READ, large)]
    assert first == [said(tool, plain=plain) for plain in (True, False) for tool in (READ, large)]
    assert len({str(fields) for fields, _ in first}) == len(first)


def test_parameters_without_end_are_cut_off() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(3_000):
        deep = {"type": "object", "properties": {"a": deep}}
    assert "tools[].parameters.depth" in said(Tool("read", "", deep))[1]
