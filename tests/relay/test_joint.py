"""A continuation's frames: what of them goes to a client that has seen the beginning."""

from __future__ import annotations

import pytest

from peekd.healing.resume import Misfit
from peekd.protocols.anthropic.continuing import CONTINUES
from peekd.relay.joint import Joint
from peekd.relay.reading import Seen
from peekd.vocabulary import events as e
from peekd.vocabulary.events import Event
from peekd.wire.sse import Frame

LONG = " three and four and five"
OPEN = e.Opened(0, e.TextBlock())


def seen(*events: Event) -> Seen:
    return Seen(Frame(b"raw"), events)


def passed(words: str, *frames: Seen) -> list[tuple[bytes, Event]]:
    joint = Joint(words, CONTINUES)
    return [(one.frame.raw, event) for frame in frames for one in joint.take(frame) for event in one.events]


def test_its_start_goes_no_further_and_its_words_go_on() -> None:
    counted = e.Counted(e.Usage(prompt=9))
    got = passed(
        "One two", seen(e.Started(), counted), seen(OPEN), seen(e.TextDelta(0, LONG)), seen(e.Closed(0))
    )
    more = CONTINUES.encode_more(LONG)
    assert got == [(b"", counted), (more, e.TextDelta(0, LONG)), (b"raw", e.Closed(0))]


def test_few_words_wait_for_the_end() -> None:
    frames = (seen(OPEN), seen(e.TextDelta(0, " three")))
    assert passed("One two", *frames) == [] or passed("One", *frames)
    got = passed("One and two and three", *frames, seen(e.Closed(0)), seen(e.Ended()))
    assert [event for _, event in got] == [e.TextDelta(0, " three"), e.Closed(0), e.Ended()]


def test_one_that_adds_nothing_closes_what_is_open() -> None:
    done = e.Finished("end")
    assert passed("One two", seen(e.Started()), seen(done)) == [
        (CONTINUES.encode_stop(), e.Closed(0)),
        (b"raw", done),
    ]


def test_an_error_goes_through_and_pings_do_not() -> None:
    erred = e.Erred("overloaded", "Too much.")
    assert passed("One two", seen(e.Beat()), seen(e.Unknown("new")), seen(erred)) == [(b"raw", erred)]


@pytest.mark.parametrize(
    "event",
    [e.Opened(0, e.ToolCallBlock("id", "Bash")), e.Opened(0, e.ThinkingBlock()), e.Opened(1, e.TextBlock())],
)
def test_what_begins_with_something_else_does_not_fit(event: Event) -> None:
    with pytest.raises(Misfit):
        passed("One two", seen(event))
