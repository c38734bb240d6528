"""The splitter: the same frames in any chunking, and no byte lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from peekd.wire.sse import Frame, FrameTooLarge, Splitter

PIECES = (
    "data: {}",
    "data:x",
    "data:  two",
    "data",
    "event: ping",
    "event:ping",
    ": comment",
    "id: 3",
    "\r",
    "\n",
    "\r\n",
    "\u0085",
    "\u2028",
    "\x1c",
    "\x0b",
    "日本🎉",
    "\ufeff",
)
STREAMS = st.lists(st.sampled_from(PIECES)).map(lambda pieces: "".join(pieces).encode())


def frames_of(*chunks: bytes) -> tuple[list[Frame], Frame | None]:
    splitter = Splitter()
    frames = [frame for chunk in chunks for frame in splitter.feed(chunk)]
    return frames, splitter.close()


def one(raw: bytes) -> Frame:
    frames, rest = frames_of(raw)
    assert rest is None
    assert len(frames) == 1
    assert frames[0].raw == raw
    return frames[0]


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in pairwise(edges)]


# ---- laws ----------------------------------------------------------------------------------------


@given(STREAMS, st.lists(st.integers(min_value=0)))
def test_any_chunking_gives_the_same_frames(stream: bytes, places: list[int]) -> None:
    assert frames_of(*cut(stream, places)) == frames_of(stream)


@given(STREAMS)
def test_byte_by_byte_gives_the_same_frames(stream: bytes) -> None:
    assert frames_of(*(stream[n : n + 1] for n in range(len(stream)))) == frames_of(stream)


@given(STREAMS, st.lists(st.integers(min_value=0)))
def test_joined_frames_and_rest_are_the_stream(stream: bytes, places: list[int]) -> None:
    frames, rest = frames_of(*cut(stream, places))
    assert b"".join(frame.raw for frame in frames) + (rest.raw if rest else b"") == stream


@given(STREAMS)
@example(b"data: {}\n\r")
def test_what_is_said_is_what_the_standard_says(stream: bytes) -> None:
    stream += b"\n"  # a CR at the very end may be half of a CRLF: what it ends is told with the next byte
    frames, _ = frames_of(stream)
    said = [(frame.event, frame.data) for frame in frames if frame.event or frame.data]
    assert said == [pair for pair in _by_the_book(stream) if pair != ("", b"")]


def _by_the_book(stream: bytes) -> list[tuple[str, bytes]]:
    """Read line by line, as the standard tells it; an event begun and not ended is discarded."""
    text = stream.decode().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    events: list[tuple[str, bytes]] = []
    event, data = "", list[str]()
    for line in text.split("\n")[:-1]:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            events.append((event, "\n".join(data).encode()))
            event, data = "", []
        elif field == "event":
            event = value
        elif field == "data":
            data.append(value)
    return events


# ---- shapes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_kind(end: str) -> None:
    frame = one(f"event: ping{end}data: 1{end}data: 2{end}{end}".encode())
    assert (frame.event, frame.data) == ("ping", b"1\n2")


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
def test_the_two_usual_shapes(end: bytes) -> None:
    assert one(b'data: {"a":1}' + end).data == b'{"a":1}'
    frame = one(b"event: message_stop" + end[: len(end) // 2] + b"data: {}" + end)
    assert (frame.event, frame.data) == ("message_stop", b"{}")


def test_line_ends_may_be_mixed() -> None:
    frames, rest = frames_of(b"data: 1\r\n\ndata: 2\n\r\ndata: 3\r\r\ndata: 4\n\rdata: 5\n\n")
    assert [frame.data for frame in frames] == [b"1", b"2", b"3", b"", b"4", b"5"]
    assert frames[3].raw == b"\n"
    assert rest is None


def test_no_event_name_is_an_empty_name() -> None:
    assert one(b"data: x\n\n").event == ""


def test_only_one_space_after_the_colon_is_dropped() -> None:
    assert one(b"data:  x \n\n").data == b" x "
    assert one(b"data:x\n\n").data == b"x"


def test_comment_lines_are_no_data() -> None:
    assert one(b": keep-alive\n\n") == Frame(b": keep-alive\n\n")
    assert one(b": a\ndata: x\n: b\n\n").data == b"x"


def test_blank_line_alone_is_a_frame() -> None:
    assert frames_of(b"\n\r\n\n")[0] == [Frame(b"\n"), Frame(b"\r\n"), Frame(b"\n")]


@pytest.mark.parametrize("mark", ["\u0085", "\u2028", "\u2029", "\x1c", "\x0b", "\x0c"])
def test_other_line_separators_do_not_split(mark: str) -> None:
    assert one(f"data: a{mark}b\n\n".encode()).data == f"a{mark}b".encode()


def test_multi_byte_text_cut_anywhere() -> None:
    raw = "data: 日本語 🎉 é\n\n".encode()
    for place in range(len(raw)):
        frames, rest = frames_of(raw[:place], raw[place:])
        assert (frames, rest) == ([Frame(raw, "", raw[6:-2])], None)


def test_byte_order_mark_is_raw_and_no_data() -> None:
    assert one(b"\xef\xbb\xbfdata: x\n\n").data == b"x"
    frames, rest = frames_of(b"\xef", b"\xbb", b"\xbf", b"data: x")
    assert frames == []
    assert rest == Frame(b"\xef\xbb\xbfdata: x", "", b"x")


def test_a_byte_order_mark_later_on_is_text() -> None:
    assert one(b"data: \xef\xbb\xbf\n\n").data == b"\xef\xbb\xbf"


def test_invalid_utf8_in_a_name_is_replaced_and_kept_in_raw() -> None:
    assert one(b"event: \xff\ndata: x\n\n").event == "\ufffd"


# ---- edges of chunks -------------------------------------------------------------------------------


def test_frame_comes_out_as_soon_as_its_blank_line_is_whole() -> None:
    for end in (b"\n\n", b"\r\n\r\n", b"\r\r"):
        assert len(Splitter().feed(b"data: x" + end)) == 1


def test_cr_at_the_edge_of_a_chunk_may_be_half_a_crlf() -> None:
    splitter = Splitter()
    assert splitter.feed(b"data: x\r\n\r") == []
    assert splitter.feed(b"\n") == [Frame(b"data: x\r\n\r\n", "", b"x")]
    assert splitter.feed(b"data: y\r") == []
    assert splitter.feed(b"\n\r\n") == [Frame(b"data: y\r\n\r\n", "", b"y")]


def test_lf_after_two_cr_is_a_blank_line_of_its_own() -> None:
    splitter = Splitter()
    assert splitter.feed(b"data: x\r\r") == [Frame(b"data: x\r\r", "", b"x")]
    assert splitter.feed(b"\n") == [Frame(b"\n")]


def test_unfinished_last_frame_is_given_at_the_end() -> None:
    frames, rest = frames_of(b"data: 1\n\nevent: message_stop\ndata: {}\n")
    assert [frame.data for frame in frames] == [b"1"]
    assert rest == Frame(b"event: message_stop\ndata: {}\n", "message_stop", b"{}")


# ---- size -----------------------------------------------------------------------------------------


def test_a_frame_over_the_limit_is_an_error() -> None:
    splitter = Splitter(10)
    splitter.feed(b"data: 1234")
    with pytest.raises(FrameTooLarge):
        splitter.feed(b"5")


def test_a_whole_frame_over_the_limit_is_an_error() -> None:
    with pytest.raises(FrameTooLarge):
        Splitter(10).feed(b"data: 123456789\n\n")


def test_many_small_frames_may_exceed_the_limit_together() -> None:
    assert len(Splitter(10).feed(b"data: 1\n\n" * 50)) == 50


def test_a_large_frame_in_many_chunks() -> None:
    splitter = Splitter()
    for _ in range(2000):
        assert splitter.feed(b"x" * 1000) == []
    (frame,) = splitter.feed(b"\n\n")
    assert len(frame.raw) == 2_000_002


# ---- read ahead -----------------------------------------------------------------------------------


@given(STREAMS, st.lists(st.integers(min_value=0)), st.lists(st.integers(min_value=0, max_value=3)))
def test_frames_that_are_skipped_are_those_that_would_be_taken(
    stream: bytes, places: list[int], skips: list[int]
) -> None:
    splitter, raws = Splitter(), list[bytes]()
    for chunk in cut(stream, places):
        splitter.put(chunk)
        while splitter.waits:
            number = skips.pop() if skips else 0
            ahead = splitter.ahead()[:number]
            if ahead and all(block.strip(b"\r\n") == block for block in ahead) and b"" not in ahead:
                raw, last = splitter.skip(len(ahead))
                assert raw.endswith(last.raw)
                raws.append(raw)
            elif (frame := splitter.take()) is not None:
                raws.append(frame.raw)
    frames, rest = frames_of(stream)
    assert b"".join(raws) == b"".join(frame.raw for frame in frames)
    assert splitter.close() == rest


def test_what_is_ahead_stands_without_its_blank_lines() -> None:
    for end in (b"\n", b"\r\n"):
        splitter = Splitter()
        splitter.put(b"event: a%bdata: 1%bdata: 2%bdata: 3" % (end, end * 2, end * 2))
        assert splitter.ahead() == [b"event: a%bdata: 1" % end, b"data: 2"]
        assert splitter.skip(1) == (
            b"event: a%bdata: 1%b" % (end, end * 2),
            Frame(b"event: a%bdata: 1%b" % (end, end * 2), "a", b"1"),
        )
        assert splitter.take() == Frame(b"data: 2" + end * 2, "", b"2")
        assert splitter.ahead() == []


def test_nothing_is_ahead_where_lines_end_in_several_ways_or_a_frame_was_put_there() -> None:
    splitter = Splitter()
    splitter.put(b"data: 1\r\n\ndata: 2\n\n")
    assert splitter.waits
    assert splitter.ahead() == []
    splitter.put(b"data: 3\n\n")
    assert splitter.ahead() == []
    assert [frame.data for frame in iter(splitter.take, None)] == [b"1", b"2", b"3"]
    splitter = Splitter()
    splitter.put(b"data: 1\n\n")
    splitter.give([Frame(b"data: 2\n\n", "", b"2")])
    assert splitter.ahead() == []
    assert [splitter.take(), splitter.take()] == [
        Frame(b"data: 1\n\n", "", b"1"),
        Frame(b"data: 2\n\n", "", b"2"),
    ]
    assert not splitter.waits


def test_a_byte_order_mark_is_not_skipped() -> None:
    splitter = Splitter()
    splitter.put(b"\xef\xbb\xbfdata: 1\n\n")
    assert splitter.ahead() == []
    assert splitter.take() == Frame(b"\xef\xbb\xbfdata: 1\n\n", "", b"1")


def test_bytes_may_come_before_what_waits_is_taken() -> None:
    splitter = Splitter()
    splitter.put(b"data: 1\r\n\r\ndata: 2\r\n\r\n")
    splitter.put(b"data: 3\n\nda")
    splitter.put(b"ta: 4\n\n")
    assert [frame.data for frame in iter(splitter.take, None)] == [b"1", b"2", b"3", b"4"]


def test_nothing_waits_of_a_stream_that_is_refused() -> None:
    splitter = Splitter(10)
    with pytest.raises(FrameTooLarge):
        splitter.put(b"data: 1\n\ndata: 123456789")
    assert not splitter.waits
