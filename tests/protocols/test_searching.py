"""A search that an upstream cannot make is left out by name, unless nothing else was wanted."""

from __future__ import annotations

import pytest

from peekd.protocols.searching import split_tools, without_search
from peekd.vocabulary.conversation import Conversation, Text, Tool, ToolChoice, Turn
from peekd.vocabulary.errors import ClientError

READ, SEARCH = Tool("read"), Tool("web_search", kind="web_search")


def asked(*tools: Tool, choice: ToolChoice | None = None) -> Conversation:
    return Conversation("m", (Turn("user", (Text("Hi"),)),), tools=tools, tool_choice=choice)


def test_tools_are_the_clients_or_the_upstreams() -> None:
    assert split_tools((SEARCH, READ)) == ((READ,), (SEARCH,))
    assert split_tools(()) == ((), ())


@pytest.mark.parametrize("choice", [None, ToolChoice("any"), ToolChoice("one", "read")])
def test_a_search_beside_functions_is_left_out_by_name(choice: ToolChoice | None) -> None:
    dropped: dict[str, None] = {}
    assert without_search(asked(READ, SEARCH, choice=choice), dropped) == asked(READ, choice=choice)
    assert [*dropped] == ["tools[].web_search"]


def test_without_a_search_nothing_changes() -> None:
    dropped: dict[str, None] = {}
    conversation = asked(READ)
    assert without_search(conversation, dropped) is conversation
    assert dropped == {}


@pytest.mark.parametrize(
    "conversation", [asked(SEARCH), asked(READ, SEARCH, choice=ToolChoice("one", "web_search"))]
)
def test_what_lives_by_the_search_is_refused_by_its_name(conversation: Conversation) -> None:
    with pytest.raises(ClientError, match="web_search: this upstream has no such tool"):
        without_search(conversation, {})
