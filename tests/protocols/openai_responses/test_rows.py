"""Frames find their item by place, by id, or by the order of coming."""

from __future__ import annotations

from itertools import count
from typing import Any

import msgspec
import pytest

from peekd.protocols.openai_responses.rows import Rows
from peekd.protocols.openai_responses.shapes import Item
from peekd.vocabulary.events import (
    Block,
    Closed,
    Event,
    Opened,
    OtherBlock,
    SearchBlock,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ToolCallBlock,
)


def rows() -> Rows:
    return Rows(count().__next__)


def item(kind: str, identity: str = "", **said: Any) -> Item:
    return msgspec.convert({"type": kind, "id": identity, **said}, Item)


def words(text: str, identity: str = "") -> Item:
    return item("message", identity, content=[{"type": "output_text", "text": text}])


@pytest.mark.parametrize(
    ("said", "block"),
    [
        ({"type": "reasoning"}, ThinkingBlock()),
        ({"type": "function_call", "name": "f", "call_id": "c"}, ToolCallBlock("c", "f")),
        ({"type": "custom_tool_call", "name": "f", "call_id": "c"}, ToolCallBlock("c", "f")),
        (
            {"type": "tool_search_call", "execution": "client", "call_id": "c"},
            ToolCallBlock("c", "tool_search"),
        ),
        ({"type": "tool_search_call", "execution": "server"}, OtherBlock("tool_search_call")),
        ({"type": "local_shell_call", "call_id": "c"}, ToolCallBlock("c", "local_shell")),
        ({"type": "web_search_call", "id": "w"}, SearchBlock("w")),
        ({"type": "compaction"}, OtherBlock("compaction")),
        ({}, OtherBlock("")),
    ],
)
def test_an_item_opens_as_what_it_is(said: dict[str, Any], block: Block) -> None:
    assert [*rows().open(0, msgspec.convert(said, Item))] == [Opened(0, block)]


def test_an_item_opened_twice_is_one() -> None:
    all_ = rows()
    assert [*all_.open(0, item("reasoning", "r"))] == [Opened(0, ThinkingBlock())]
    assert [*all_.open(0, item("reasoning", "r"))] == []


def test_an_item_at_the_place_of_one_that_is_over_is_another() -> None:
    all_ = rows()
    assert [*all_.end(0, words("a", "1"))][1:] == [TextDelta(0, "a"), Closed(0)]
    assert [*all_.end(0, words("a", "1"))] == []
    assert [*all_.end(0, words("b", "2"))][1:] == [TextDelta(1, "b"), Closed(1)]
    assert [*all_.open(0, item("reasoning"))] == [Opened(2, ThinkingBlock())]


def test_what_stands_where_another_begins_is_over() -> None:
    all_ = rows()
    _ = [*all_.open(0, item("reasoning", "r"))]
    assert next(all_.open(0, item("function_call", "f", name="f"))) == Closed(0)


def test_a_piece_without_place_or_id_is_of_the_last_of_its_kind() -> None:
    all_ = rows()
    opened, first = all_.at(None, "", "message")
    assert opened == []
    assert all_.at(None, "", "message") == ([], first)
    assert [*all_.end(None, words("x"))] == [Opened(0, TextBlock()), TextDelta(0, "x"), Closed(0)]
    assert all_.at(None, "", "message")[1] is not first


def test_an_id_finds_its_item_without_a_place() -> None:
    all_ = rows()
    _ = [*all_.open(3, item("reasoning", "r"))], [*all_.open(4, item("reasoning", "s"))]
    assert all_.at(None, "r", "reasoning")[1] is all_.at(3, "", "reasoning")[1]


def test_the_whole_output_tells_only_what_did_not_come() -> None:
    all_ = rows()
    _ = [*all_.end(0, words("a", "1"))]
    output = [item("reasoning", "r"), words("a", "9"), item("function_call", "f", name="f", call_id="c")]
    events: list[Event] = [*all_.finish(output, cut=False)]
    assert events == [
        Opened(1, ThinkingBlock()),
        Closed(1),
        Opened(2, ToolCallBlock("c", "f")),
        Closed(2),
    ]
    assert all_.calls


def test_what_is_open_at_the_end_is_closed() -> None:
    all_ = rows()
    _ = [*all_.open(0, item("reasoning"))]
    assert [*all_.finish([], cut=False)] == [Closed(0)]
    assert not all_.calls
