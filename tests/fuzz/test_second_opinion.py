"""Server-sent events as httpx-sse reads them: the same, but for what is listed here, each with its example.

Where both differ the standard decides (https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest
from httpx_sse import EventSource
from hypothesis import given
from hypothesis import strategies as st
from mutants import cut, few, frames_of, spoilt_streams

from peekd.protocols.registry import UPSTREAMS
from peekd.wire.sse import Splitter

Said = list[tuple[str, str]]

LINES = st.sampled_from([
    "data: {}",
    "data:x",
    "data:  two",
    "data",
    "data: a:b",
    "event: ping",
    "event:ping",
    "event",
    ": comment",
    ":",
    "unknown: x",
    "retry: 3",
    "id: 3",
    "datax: y",
    "data : y",
    "DATA: y",
    "data: \u2028\u2029\u0085\x0b\x0c\x1c\x1e",
    "data: 日本🎉",
    "data: \ufeff",
    "data: \x00",
    "",
    "",
])
ENDS = st.sampled_from(["\n", "\n", "\r\n", "\r"])
STREAMS = st.lists(st.tuples(LINES, ENDS).map("".join)).map(lambda lines: "".join(lines).encode())
CUTS = st.lists(st.integers(min_value=0), max_size=8)


def theirs(chunks: Sequence[bytes]) -> Said:
    """What httpx-sse reads."""
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=iter(chunks))
    return [(sse.event, sse.data) for sse in EventSource(response).iter_sse()]


def ours(chunks: Sequence[bytes]) -> Said:
    """What the splitter reads of it that is whole."""
    splitter = Splitter()
    frames = [frame for chunk in chunks for frame in splitter.feed(chunk)]
    return [(frame.event, frame.data.decode("utf-8", "replace")) for frame in frames]


def told(said: Said) -> Said:
    """What an event says; see the deviations for the ones that say nothing."""
    return [pair for pair in said if pair not in {("message", ""), ("", "")}]


def named(said: Said) -> Said:
    """Their name for an event without one is "message"."""
    return [(event or "message", data) for event, data in said]


@few
@given(stream=STREAMS, places=CUTS)
def test_both_read_the_same_events(stream: bytes, places: list[int]) -> None:
    stream += b"\n"  # a last CR may be half a CRLF, see below
    chunks = cut(stream, places)
    assert told(named(ours(chunks))) == told(named(theirs(chunks)))


@pytest.mark.parametrize("upstream", sorted(UPSTREAMS))
@few
@given(data=st.data(), places=CUTS)
def test_both_read_the_same_of_spoilt_streams(upstream: str, data: st.DataObject, places: list[int]) -> None:
    stream = data.draw(spoilt_streams(upstream)) + b"\n"
    chunks = cut(stream, places)
    assert told(named(ours(chunks))) == told(named(theirs(chunks)))


# ---- deviations ------------------------------------------------------------------------------------


def test_they_take_a_byte_order_mark_for_a_part_of_the_first_name() -> None:
    stream = [b"\xef\xbb\xbfdata: x\n\ndata: y\n\n"]
    assert (ours(stream), theirs(stream)) == ([("", "x"), ("", "y")], [("message", "y")])


def test_they_tell_of_blank_lines_once_there_was_an_id() -> None:
    stream = [b"id: 1\ndata: x\n\n\n\n"]
    assert theirs(stream) == [("message", "x"), ("message", ""), ("message", "")]
    assert ours(stream) == [("", "x"), ("", ""), ("", "")]
    assert theirs([b"data: x\n\n\n\n"]) == [("message", "x")]


def test_they_do_not_tell_of_comments_which_show_here_that_an_upstream_lives() -> None:
    assert (ours([b": ping\n\n"]), theirs([b": ping\n\n"])) == ([("", "")], [])


def test_both_tell_of_a_name_without_data_which_the_standard_leaves_out() -> None:
    assert ours([b"event: ping\n\n"]) == theirs([b"event: ping\n\n"]) == [("ping", "")]


def test_they_end_an_event_at_the_last_cr_where_here_the_reader_decides() -> None:
    stream = b"data: x\n\r"
    assert (ours([stream]), theirs([stream])) == ([], [("message", "x")])
    assert [frame.data for frame in frames_of(stream)] == [b"x"]


def test_lines_of_httpx_end_inside_a_text_which_is_why_neither_uses_them() -> None:
    stream = "data: a\u2028b\n\n".encode()
    assert list(httpx.Response(200, content=stream).iter_lines()) == ["data: a", "b", ""]
    assert named(ours([stream])) == theirs([stream]) == [("message", "a\u2028b")]
