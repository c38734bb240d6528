"""A call that is there as a whole is mended; the pieces of any other pass as they come."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from peekd.protocols.mending import Mender
from peekd.vocabulary.conversation import Tool
from peekd.vocabulary.events import ArgumentsDelta, Closed, Event, Opened, TextDelta, ToolCallBlock

READ = Tool("read", "", {"properties": {"limit": {"type": "integer"}, "path": {"type": "string"}}})
OPENED, CLOSED = Opened(1, ToolCallBlock("c", "read")), Closed(1)


def pieces(*fragments: str) -> list[Event]:
    return [ArgumentsDelta(1, fragment) for fragment in fragments]


def passed(*frames: Sequence[Event], whole: bool = False) -> tuple[list[Event], set[str]]:
    mender = Mender((READ,), whole=whole)
    events = [event for frame in frames for event in mender.feed(frame)]
    return [*events, *mender.close()], mender.repaired


def test_a_call_that_came_in_one_piece_is_mended_and_named() -> None:
    frame = [TextDelta(0, "Hi"), OPENED, *pieces('{"path": "a", "limit": "5"}'), CLOSED]
    assert passed(frame) == (
        [TextDelta(0, "Hi"), OPENED, *pieces('{"path":"a","limit":5}'), CLOSED],
        {"read.limit"},
    )


@pytest.mark.parametrize("given", ['{ "limit" : 5 }', '{"limit":"many"}', '{"limit": "5"', "", "[]"])
def test_what_needs_no_mending_or_is_no_object_stays_as_it_was_written(given: str) -> None:
    frame = [OPENED, *pieces(given), CLOSED]
    assert passed(frame) == (frame, set())


def test_pieces_that_stream_are_not_held_back() -> None:
    frames = [[OPENED], pieces('{"limit": '), pieces('"5"}'), [CLOSED]]
    assert passed(*frames) == ([event for frame in frames for event in frame], set())


def test_where_nothing_is_shown_before_the_end_pieces_are_put_together() -> None:
    frames = [[OPENED], pieces('{"limit": '), pieces('"5"}'), [CLOSED]]
    assert passed(*frames, whole=True) == ([OPENED, *pieces('{"limit":5}'), CLOSED], {"read.limit"})


def test_a_call_that_never_closes_is_given_all_the_same() -> None:
    events, names = passed([OPENED], pieces('{"limit": '), pieces('"5"}'), whole=True)
    assert (events, names) == ([OPENED, *pieces('{"limit":5}')], {"read.limit"})


def test_calls_of_unknown_tools_pass() -> None:
    frame = [Opened(1, ToolCallBlock("c", "other")), *pieces('{"limit":"5"}'), CLOSED]
    assert passed(frame, whole=True) == (frame, set())
    mender = Mender((), whole=True)
    assert mender.feed(frame) is frame
