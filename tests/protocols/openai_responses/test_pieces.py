"""Frames about a piece say it of an item of their kind, and of no other."""

from __future__ import annotations

from itertools import count
from typing import Any

import msgspec
import pytest

from peekd.protocols.openai_responses.pieces import PIECES
from peekd.protocols.openai_responses.rows import Rows
from peekd.protocols.openai_responses.shapes import Part, Said
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Closed,
    Event,
    Opened,
    OtherDelta,
    SearchBlock,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
    Unknown,
)

TEXT = Opened(0, TextBlock())
THOUGHT = Opened(0, ThinkingBlock())


def told(kind: str, rows: Rows | None = None, **said: Any) -> list[Event]:
    frame = msgspec.structs.replace(Said(kind), **said)
    return [*PIECES[kind](rows or Rows(count().__next__), frame)]


@pytest.mark.parametrize(
    ("kind", "said", "events"),
    [
        ("response.content_part.added", {"part": Part("output_text", "")}, [TEXT]),
        (
            "response.content_part.done",
            {"part": Part("output_text", "a")},
            [TEXT, TextDelta(0, "a"), Closed(0)],
        ),
        ("response.content_part.added", {"part": Part("reasoning_text", "")}, []),
        ("response.content_part.done", {"part": Part("reasoning_text", "a")}, []),
        ("response.output_text.delta", {"delta": "a"}, [TEXT, TextDelta(0, "a")]),
        ("response.output_text.done", {"text": "a"}, [TEXT, TextDelta(0, "a")]),
        ("response.refusal.done", {"refusal": "a"}, [TEXT, TextDelta(0, "a")]),
        (
            "response.output_text.annotation.added",
            {"annotation": {"type": "url_citation"}},
            [TEXT, OtherDelta(0, "url_citation")],
        ),
        ("response.reasoning_summary_part.added", {"part": Part("summary_text", "")}, []),
        ("response.reasoning_summary_text.delta", {"delta": "a"}, [THOUGHT, ThinkingDelta(0, "a")]),
        (
            "response.reasoning_summary_part.done",
            {"part": Part("summary_text", "a")},
            [THOUGHT, ThinkingDelta(0, "a")],
        ),
        ("response.reasoning_text.delta", {"delta": "a"}, [THOUGHT, ThinkingDelta(0, "a")]),
        ("response.reasoning_text.done", {"text": "a"}, [THOUGHT, ThinkingDelta(0, "a")]),
        ("response.function_call_arguments.delta", {"delta": "{}"}, []),
        (
            "response.function_call_arguments.done",
            {"item_id": "fc", "name": "f", "arguments": "{}"},
            [Opened(0, ToolCallBlock("fc", "f")), ArgumentsDelta(0, "{}")],
        ),
        ("response.custom_tool_call_input.delta", {"delta": "a"}, []),
        ("response.web_search_call.searching", {"item_id": "ws"}, [Opened(0, SearchBlock("ws"))]),
    ],
)
def test_a_piece_of_an_item_that_no_frame_opened(
    kind: str, said: dict[str, Any], events: list[Event]
) -> None:
    assert told(kind, **said) == events


@pytest.mark.parametrize("kind", sorted(PIECES))
def test_a_piece_about_an_item_of_another_kind_is_not_told(kind: str) -> None:
    rows = Rows(count().__next__)
    rows.at(0, "x", "mind_reading_call")
    events = told(kind, rows, output_index=0, delta="a", text="a")
    assert events in ([], [Unknown(f"{kind} about an item of another kind")] * len(events))
