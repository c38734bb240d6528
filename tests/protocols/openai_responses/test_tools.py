"""Tools of every kind, and which of them is chosen."""

from __future__ import annotations

from typing import Any

import pytest

from peekd.protocols.fields import Dropped, Place
from peekd.protocols.openai_responses.tools import flat_name, read_choice, read_tool
from peekd.vocabulary.conversation import SearchOptions, Tool, ToolChoice
from peekd.vocabulary.errors import ClientError

READ: dict[str, Any] = {"type": "function", "name": "read", "parameters": {"type": "object"}, "strict": False}


def tool(said: object, dropped: Dropped | None = None) -> tuple[Tool, ...] | None:
    return read_tool(Place(said, "tools.0", "tools[]", {} if dropped is None else dropped))


def only(said: object) -> Tool:
    tools = tool(said)
    assert tools is not None
    (one,) = tools
    return one


def test_functions_and_groups_of_them() -> None:
    dropped: Dropped = {}
    assert tool(READ) == (Tool("read", "", {"type": "object"}, strict=False),)
    inner: list[dict[str, Any]] = [READ, {"type": "mcp"}, {"type": "namespace", "name": "x", "tools": [READ]}]
    group = {"type": "namespace", "name": "fs", "description": "Files.", "tools": inner}
    assert tool(group, dropped) == (Tool("fs__read", "", {"type": "object"}, strict=False, namespace="fs"),)
    assert set(dropped) == {
        "tools[].description[type=namespace]",
        "tools[].tools[type=mcp]",
        "tools[].tools[type=namespace]",
    }


def test_a_grammar_describes_the_one_string_that_its_tool_takes() -> None:
    form = {"type": "grammar", "syntax": "lark", "definition": "start: X"}
    said = only({"type": "custom", "name": "patch", "description": "Patches.", "format": form})
    assert (said.name, said.description, said.kind) == ("patch", "Patches.", "freeform")
    assert said.parameters == {
        "type": "object",
        "properties": {"input": {"type": "string", "description": "start: X"}},
        "required": ["input"],
        "additionalProperties": False,
    }
    plain = only({"type": "custom", "name": "say", "format": {"type": "text"}})
    assert plain.parameters["properties"] == {"input": {"type": "string"}}


def test_what_the_client_runs_itself_is_a_tool_and_what_openai_runs_is_none() -> None:
    dropped: Dropped = {}
    search = {"type": "tool_search", "execution": "client", "parameters": {"type": "object"}}
    assert tool(search) == (Tool("tool_search", "", {"type": "object"}, kind="tool_search"),)
    shell = only({"type": "local_shell"})
    assert (shell.name, shell.kind, shell.parameters["required"]) == (
        "local_shell",
        "local_shell",
        ["command"],
    )
    for kind in ("tool_search", "file_search", "image_generation", "code_interpreter", "mcp", "computer"):
        assert tool({"type": kind}, dropped) is None
        assert f"tools[type={kind}]" in dropped


def test_a_search_on_the_web_has_its_options() -> None:
    dropped: Dropped = {}
    assert tool({"type": "web_search_preview"}) == (Tool("web_search", kind="web_search"),)
    said = {
        "type": "web_search",
        "filters": {"allowed_domains": ["a.example"], "blocked_domains": ["b.example"]},
        "user_location": {"type": "approximate", "city": "Bern", "country": "CH"},
        "search_context_size": "low",
    }
    options = SearchOptions(("a.example",), ("b.example",), place={"city": "Bern", "country": "CH"})
    assert tool(said, dropped) == (Tool("web_search", kind="web_search", options=options),)
    assert tuple(dropped) == ("tools[].search_context_size",)


# ---- choosing ------------------------------------------------------------------------------------

TOOLS = (Tool("read"), Tool("fs__write", namespace="fs"), Tool("patch", kind="freeform"), Tool("web_search"))


def choose(choice: object = None, tools: tuple[Tool, ...] = TOOLS, **more: object) -> Any:
    return read_choice(Place({"tool_choice": choice, **more}, "", "", {}).fields(), tools)


CHOICES: list[tuple[object, object, ToolChoice | None]] = [
    (None, None, None),
    (None, True, None),
    (None, False, ToolChoice("auto", parallel=False)),
    ("auto", None, ToolChoice("auto")),
    ("required", False, ToolChoice("any", parallel=False)),
    ("none", None, ToolChoice("none")),
    ({"type": "function", "name": "read"}, None, ToolChoice("one", "read")),
    ({"type": "function", "name": "write", "namespace": "fs"}, None, ToolChoice("one", "fs__write")),
    ({"type": "custom", "name": "patch"}, False, ToolChoice("one", "patch", parallel=False)),
    ({"type": "web_search_preview"}, None, ToolChoice("one", "web_search")),
]


@pytest.mark.parametrize(("choice", "parallel", "expected"), CHOICES)
def test_choices(choice: object, parallel: object, expected: ToolChoice | None) -> None:
    assert choose(choice, parallel_tool_calls=parallel) == (expected, TOOLS)
    if isinstance(choice, str):
        assert choose(choice, ()) == (None, ())


def test_allowed_tools_are_all_that_is_left() -> None:
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "patch"}]}
    assert choose(allowed) == (ToolChoice("any"), (TOOLS[2],))


@pytest.mark.parametrize(
    ("choice", "named"),
    [
        ("any", "tool_choice: expected"),
        ({"type": "function", "name": "x"}, "no tool 'x'"),
        ({"type": "file_search"}, "no tool 'file_search'"),
        ({"type": "allowed_tools", "mode": "x", "tools": []}, r"tool_choice\.mode"),
        ({"type": "allowed_tools", "mode": ["auto"], "tools": []}, r"tool_choice\.mode"),
        ({"type": "allowed_tools", "tools": [{"type": "function", "name": "x"}]}, r"tool_choice\.tools\.0"),
        ({"name": "read"}, r"tool_choice\.type"),
    ],
)
def test_a_choice_that_cannot_be_kept_is_told(choice: object, named: str) -> None:
    with pytest.raises(ClientError, match=named):
        choose(choice)


def test_names_without_a_namespace() -> None:
    assert flat_name("", "a") == flat_name(None, "a") == "a"
