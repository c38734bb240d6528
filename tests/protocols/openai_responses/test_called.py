"""Calls are told as one function's each, whatever kind their tool is of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec
import pytest

from peekd.protocols.openai_responses.called import Call, CustomCall, LocalShellCall, ToolSearchCall
from peekd.protocols.openai_responses.shapes import Item
from peekd.vocabulary.events import ArgumentsDelta, Closed, Event, Opened, ToolCallBlock, Unknown


def told(*events: Iterator[Event]) -> list[Event]:
    return [event for some in events for event in some]


def item(**said: Any) -> Item:
    return msgspec.convert({"id": "fc", "call_id": "c", "name": "f", **said}, Item)


def joined(events: list[Event]) -> Any:
    return msgspec.json.decode("".join(e.fragment for e in events if isinstance(e, ArgumentsDelta)))


def test_arguments_that_came_in_pieces_are_not_told_again() -> None:
    one = Call("function_call", "fc", count().__next__)
    events = told(one.begin(item()), one.add('{"a"'), one.add(":1}"), one.whole('{"a":1}'), one.end(item()))
    assert events == [
        Opened(0, ToolCallBlock("c", "f")),
        ArgumentsDelta(0, '{"a"'),
        ArgumentsDelta(0, ":1}"),
        Closed(0),
    ]
    assert told(one.add("x"), one.end(item())) == []


@pytest.mark.parametrize("arguments", ['{"a":1}', {"a": 1}])
def test_arguments_that_came_only_with_the_whole_item_are_told_then(arguments: object) -> None:
    one = Call("function_call", "fc", count().__next__)
    assert joined(told(one.end(item(arguments=arguments)))) == {"a": 1}


def test_what_came_before_the_name_is_told_after_it() -> None:
    one = Call("function_call", "fc", count().__next__)
    assert told(one.add('{"a"'), one.add(":1}"), one.whole('{"a":1}')) == []
    assert told(one.name("f")) == [
        Opened(0, ToolCallBlock("fc", "f")),
        ArgumentsDelta(0, '{"a"'),
        ArgumentsDelta(0, ":1}"),
    ]


def test_a_call_that_never_got_a_name_is_none() -> None:
    one = Call("function_call", "fc", count().__next__)
    assert told(one.add("{}"), one.end(None)) == [Unknown("a call without a name")]


@pytest.mark.parametrize("pieces", [['a "b"\n', "\\", "ü"], [], ["x"]])
def test_words_of_a_grammar_are_one_string_of_a_function(pieces: list[str]) -> None:
    whole = "".join(pieces)
    for streamed in (True, False):
        one = CustomCall("custom_tool_call", "ctc", count().__next__)
        events = told(one.begin(item()), *(one.add(piece) for piece in pieces if streamed))
        events += told(one.whole(whole), one.end(item(input=whole)))
        assert joined(events) == {"input": whole}
        assert events[-1] == Closed(0)


def test_words_of_which_no_end_was_said_are_not_ended() -> None:
    one = CustomCall("custom_tool_call", "ctc", count().__next__)
    events = told(one.begin(item()), one.add("*** Begin"), one.end(None))
    with pytest.raises(msgspec.DecodeError):
        joined(events)


def test_a_search_for_tools_and_the_shell_are_calls_by_their_kind() -> None:
    search = ToolSearchCall("tool_search_call", "t", count().__next__)
    shell = LocalShellCall("local_shell_call", "l", count().__next__)
    searched = told(search.begin(item()), search.end(item(arguments={"query": "q"})))
    ran = told(shell.begin(item()), shell.end(item(action={"type": "exec", "command": ["ls"]})))
    assert (searched[0], joined(searched)) == (Opened(0, ToolCallBlock("c", "tool_search")), {"query": "q"})
    assert (ran[0], joined(ran)) == (Opened(0, ToolCallBlock("c", "local_shell")), {"command": ["ls"]})
