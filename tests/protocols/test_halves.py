"""The end of a call that is not whole waits for what follows: only a limit makes a half call of it."""

from __future__ import annotations

import pytest

from peekd.protocols.halves import LIMITS, Halves
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Beat,
    Closed,
    Counted,
    Ended,
    Event,
    Finished,
    Opened,
    StopReason,
    TextBlock,
    ToolCallBlock,
    Usage,
)

HALF: list[Event] = [Opened(1, ToolCallBlock("c", "read")), ArgumentsDelta(1, '{"path":"a')]
WHOLE: list[Event] = [
    Opened(0, ToolCallBlock("b", "read")),
    ArgumentsDelta(0, '{"path":'),
    ArgumentsDelta(0, '"a"}'),
]


@pytest.mark.parametrize("reason", sorted(LIMITS))
def test_before_a_limit_a_call_that_is_not_whole_is_half(reason: StopReason) -> None:
    finished = Finished(reason)
    events = [*HALF, Closed(1), finished, Ended()]
    assert Halves().feed(events) == [*HALF, Closed(1, half=True), finished, Ended()]


@pytest.mark.parametrize("reason", ["end", "tool_use", "stop_sequence", "pause", "malformed", "other"])
def test_before_any_other_end_it_is_left_to_whoever_writes_it_down(reason: StopReason) -> None:
    events = [*HALF, Closed(1), Finished(reason)]
    assert Halves().feed(events) == events


def test_so_it_is_before_anything_that_the_model_goes_on_to_say() -> None:
    events = [*HALF, Closed(1), Opened(2, TextBlock()), Closed(2), Finished("max_tokens")]
    assert Halves().feed(events) == events


def test_a_call_of_which_nothing_came_may_be_half_too() -> None:
    opened, finished = Opened(0, ToolCallBlock("c", "now")), Finished("max_tokens")
    assert Halves().feed([opened, Closed(0), finished]) == [opened, Closed(0, half=True), finished]


def test_whole_calls_and_all_else_pass_as_they_come() -> None:
    halves = Halves()
    for frame in (WHOLE, [Closed(0)], [Opened(3, TextBlock())], [Closed(3)], [Finished("max_tokens")]):
        assert halves.feed(frame) == list(frame)


def test_it_is_idle_while_no_call_is_open_and_no_end_is_held() -> None:
    halves = Halves()
    idle: list[bool] = []
    for event in (Opened(0, TextBlock()), *HALF, Closed(1), Closed(0), Finished("max_tokens")):
        halves.feed([event])
        idle.append(halves.idle)
    assert idle == [True, False, False, False, False, True]


def test_what_says_nothing_of_the_answer_does_not_decide() -> None:
    halves, finished = Halves(), Finished("max_tokens")
    assert halves.feed([*HALF, Closed(1)]) == HALF
    passing: list[Event] = [Beat(), Counted(Usage(output=5))]
    assert halves.feed(passing) == passing
    assert halves.feed([finished]) == [Closed(1, half=True), finished]
    assert halves.feed([Ended()]) == [Ended()]


def test_of_calls_side_by_side_the_whole_ones_stay_whole() -> None:
    finished = Finished("max_tokens")
    events = [*HALF, *WHOLE, Closed(1), Closed(0), finished]
    assert Halves().feed(events) == [*HALF, *WHOLE, Closed(1, half=True), Closed(0), finished]


def test_what_is_held_can_be_taken_before_words_that_follow() -> None:
    halves = Halves()
    assert halves.feed([*HALF, Closed(1)]) == HALF
    assert halves.waits
    assert halves.release() == [Closed(1)]
    assert not halves.waits
