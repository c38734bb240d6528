"""Calls of every kind of tool: told in the form that the client knows, and done only when whole."""

from __future__ import annotations

import pytest
from answers import counting
from responses import told

from peekd.protocols.interface import BadArguments
from peekd.protocols.openai_responses.calls import (
    AnyCall,
    CustomCall,
    FunctionCall,
    LocalShellCall,
    ToolSearchCall,
    open_call,
    read_arguments,
)
from peekd.protocols.openai_responses.output import Output
from peekd.protocols.openai_responses.response import Stream, bare
from peekd.vocabulary.conversation import Tool

TOOLS: list[tuple[Tool, type[AnyCall], str]] = [
    (Tool("f"), FunctionCall, "{}"),
    (Tool("web_search", kind="web_search"), FunctionCall, "{}"),
    (Tool("p", kind="freeform"), CustomCall, '{"input":""}'),
    (Tool("tool_search", kind="tool_search"), ToolSearchCall, ""),
    (Tool("local_shell", kind="local_shell"), LocalShellCall, '{"command":[]}'),
]


@pytest.mark.parametrize(("tool", "kind", "arguments"), TOOLS)
def test_each_kind_of_tool_has_its_own_call_and_no_half_one_is_done(
    tool: Tool, kind: type[AnyCall], arguments: str
) -> None:
    output = Output(Stream("resp_1", 0, bare("m")), counting())
    call = open_call(output, tool, "c1")
    assert isinstance(call, kind)
    (added,) = told(call.open())
    assert added["item"]["call_id"] == "c1"
    call.add(arguments)
    assert output.items == []
    *_, done = told(call.close())
    assert done["item"] == output.items[0]
    assert (done["type"], done["item"]["call_id"]) == ("response.output_item.done", "c1")


def test_a_custom_tool_may_stand_in_a_namespace() -> None:
    output = Output(Stream("resp_1", 0, bare("m")), counting())
    call = open_call(output, Tool("fs__p", kind="freeform", namespace="fs"), "c1")
    call.add('{"input":"x"}')
    call.close()
    assert (output.items[0]["name"], output.items[0]["namespace"]) == ("p", "fs")


@pytest.mark.parametrize("text", ["[]", "{", '"x"', "nul"])
def test_arguments_are_an_object(text: str) -> None:
    assert read_arguments(" ") == {}
    with pytest.raises(BadArguments):
        read_arguments(text)
