"""Calls that wait until they are whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from peekd.relay.atomic import HELD_BYTES, Atomic
from peekd.relay.reading import Seen
from peekd.vocabulary import events as e
from peekd.vocabulary.events import Event
from peekd.wire.sse import Frame

OPEN = e.Opened(1, e.ToolCallBlock("id", "Bash"))
PIECE = e.ArgumentsDelta(1, "{}")
CLOSED = e.Closed(1)
WORDS = e.Opened(0, e.TextBlock("Hi"))
START = e.Started()


def seen(*events: Event, raw: bytes = b"x") -> Seen:
    return Seen(Frame(raw), events)


def passed(atomic: Atomic, *frames: Seen) -> list[list[Event]]:
    return [[event for free in atomic.take(frame) for event in free.events] for frame in frames]


def test_a_call_goes_when_it_is_closed_and_all_else_at_once() -> None:
    atomic = Atomic(split=False, thoughts=True)
    frames = (seen(WORDS), seen(OPEN), seen(PIECE), seen(e.Beat()), seen(CLOSED), seen(e.Finished("end")))
    assert passed(atomic, *frames) == [
        [WORDS],
        [],
        [],
        [],
        [OPEN, PIECE, e.Beat(), CLOSED],
        [e.Finished("end")],
    ]


def test_nothing_goes_before_something_means_something() -> None:
    atomic = Atomic(split=False, thoughts=True)
    assert passed(atomic, seen(START), seen(OPEN), seen(PIECE)) == [[], [], []]
    assert not atomic.shown
    assert passed(atomic, seen(CLOSED)) == [[START, OPEN, PIECE, CLOSED]]
    assert atomic.shown


def test_thoughts_that_nobody_sees_mean_nothing() -> None:
    thought = e.Opened(0, e.ThinkingBlock("Hm"))
    assert passed(Atomic(split=False, thoughts=False), seen(thought)) == [[]]
    assert passed(Atomic(split=False, thoughts=True), seen(thought)) == [[thought]]


def test_frames_are_taken_apart_only_where_they_do_not_go_out_as_they_are() -> None:
    both = seen(CLOSED, e.Opened(2, e.ToolCallBlock("id", "Bash")), raw=b"both")
    for split, expected in ((True, [OPEN, CLOSED]), (False, [])):
        atomic = Atomic(split=split, thoughts=True)
        atomic.take(seen(OPEN))
        free = atomic.take(both)
        assert [event for one in free for event in one.events] == expected
        assert b"".join(one.frame.raw for one in (*free, *atomic.rest())) == b"xboth"


def test_what_is_too_large_goes_as_it_comes() -> None:
    atomic = Atomic(split=False, thoughts=True)
    assert passed(atomic, seen(OPEN), seen(PIECE, raw=b"x" * HELD_BYTES)) == [[], [OPEN, PIECE]]


def test_what_is_dropped_is_gone_and_what_is_left_at_the_end_goes() -> None:
    atomic = Atomic(split=False, thoughts=True)
    passed(atomic, seen(OPEN))
    atomic.drop()
    assert passed(atomic, seen(WORDS)) == [[WORDS]]
    passed(atomic, seen(OPEN))
    assert [one.events for one in atomic.rest()] == [(OPEN,)]
    assert atomic.rest() == []


EVENTS = st.sampled_from([START, WORDS, OPEN, PIECE, CLOSED, e.Beat(), e.Finished("end")])


@given(frames=st.lists(st.lists(EVENTS, max_size=3)), split=st.booleans())
def test_nothing_is_lost_added_or_moved_and_no_call_is_ever_half_out(
    frames: list[list[Event]], *, split: bool
) -> None:
    atomic = Atomic(split=split, thoughts=True)
    out: list[Event] = []
    for events in frames:
        out += [event for free in atomic.take(seen(*events)) for event in free.events]
        last = max((at for at, event in enumerate(out) if event == OPEN), default=None)
        assert last is None or CLOSED in out[last:]
    out += [event for free in atomic.rest() for event in free.events]
    assert out == [event for events in frames for event in events]
