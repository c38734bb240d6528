"""Anthropic's streams as events: every transcript in any chunking, and each fault of form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peekd.protocols.anthropic.decode import AnthropicDecoder
from peekd.vocabulary.events import (
    Beat,
    Counted,
    Ended,
    Erred,
    Event,
    Finished,
    Opened,
    OtherBlock,
    OtherDelta,
    Started,
    TextDelta,
    Unknown,
    Usage,
)
from peekd.wire.sse import Frame

Decode = Callable[[Iterable[bytes]], list[Event]]


def frame(data: str, event: str = "") -> Frame:
    return Frame(f"data: {data}\n\n".encode(), event, data.encode())


def feed(data: str, event: str = "") -> list[Event]:
    return AnthropicDecoder().feed(frame(data, event))


def body(transcript: Path) -> bytes:
    return (transcript / "upstream.sse").read_bytes()


def expected(transcript: Path) -> list[Event]:
    return msgspec.json.decode((transcript / "events.json").read_bytes(), type=list[Event])


# ---- transcripts ----------------------------------------------------------------------------------


def test_a_transcript_fed_whole_says_what_is_written_beside_it(transcript: Path, decode: Decode) -> None:
    assert decode([body(transcript)]) == expected(transcript)


def test_a_transcript_fed_byte_by_byte_says_the_same(transcript: Path, decode: Decode) -> None:
    whole = body(transcript)
    assert decode([whole[n : n + 1] for n in range(len(whole))]) == expected(transcript)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.integers(min_value=0)))
def test_a_transcript_cut_at_random_says_the_same(
    transcript: Path, decode: Decode, places: list[int]
) -> None:
    whole = body(transcript)
    edges = [0, *sorted(place % len(whole) for place in places), len(whole)]
    chunks = [whole[a:b] for a, b in pairwise(edges)]
    assert decode(chunks) == expected(transcript)


def test_no_cut_off_body_ends_as_a_whole_one(transcript: Path, decode: Decode) -> None:
    whole, events = body(transcript), expected(transcript)
    terminal = next((n for n, event in enumerate(events) if isinstance(event, Finished)), len(events))
    for end in range(len(whole)):
        found = decode([whole[:end]])
        ended = any(isinstance(event, Ended) for event in found)
        finished = next((n for n, event in enumerate(found) if isinstance(event, Finished)), None)
        assert not ended or found[: len(events)] == events[: len(found)]
        assert finished in {None, terminal}


# ---- faults of form, each by name -----------------------------------------------------------------


def test_frames_split_in_the_middle_of_a_character(decode: Decode) -> None:
    text = 'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"日"}}\n\n'
    raw = text.encode()
    assert decode([raw[:80], raw[80:81], raw[81:]]) == [TextDelta(0, "日")]


def test_a_frame_without_an_event_name_goes_by_its_type() -> None:
    assert feed('{"type":"message_stop"}') == [Ended()]


def test_a_frame_without_a_type_goes_by_its_event_name() -> None:
    assert feed("{}", "message_stop") == [Ended()]


def test_the_type_goes_before_the_event_name() -> None:
    assert feed('{"type":"ping"}', "message_stop") == [Beat()]


def test_crlf_says_the_same(decode: Decode) -> None:
    assert decode([b'event: ping\r\ndata: {"type":"ping"}\r\n\r\n']) == [Beat()]


def test_comment_lines_are_beats(decode: Decode) -> None:
    assert decode([b": peeking\n\n\n"]) == [Beat(), Beat()]


def test_an_unfinished_last_frame_is_read(decode: Decode) -> None:
    assert decode([b'event: message_stop\ndata: {"type":"message_stop"}']) == [Ended()]


def test_an_error_object_without_any_name_is_an_error() -> None:
    assert feed('{"error":{"type":"api_error","message":"x"}}') == [Erred("server_error", "x", "api_error")]


@pytest.mark.parametrize("data", ["{", "[]", "3", '{"type":"content_block_stop","index":"x"}', "[" * 9999])
def test_what_cannot_be_read_is_an_error(data: str) -> None:
    (event,) = feed(data)
    assert isinstance(event, Erred)
    assert (event.kind, event.type) == ("server_error", "undecodable")


def test_bytes_that_are_no_text_are_an_error() -> None:
    raw = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\xff"}}'
    (event,) = AnthropicDecoder().feed(Frame(raw, "", raw))
    assert isinstance(event, Erred)


def test_half_an_escaped_character_does_not_break_the_stream() -> None:
    delta = r'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}'
    assert feed(delta % r"a\ud83d") == [TextDelta(0, "a\ufffd")]
    assert feed(delta % r"\ude00\ud83d\ude00\\ud83d") == [TextDelta(0, "\ufffd😀\\ud83d")]


def test_an_event_of_an_unknown_kind_is_idle_whatever_its_fields() -> None:
    assert feed('{"type":"new","delta":3}') == [Unknown("new")]


def test_blocks_and_deltas_of_unknown_kinds_whatever_their_fields() -> None:
    block = '{"type":"content_block_start","index":2,"content_block":{"type":"new","text":{}}}'
    assert feed(block) == [Opened(2, OtherBlock("new"))]
    delta = '{"type":"content_block_delta","index":2,"delta":{"type":"new_delta","text":[]}}'
    assert feed(delta) == [OtherDelta(2, "new_delta")]


# ---- meaning --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("end_turn", "end"),
        ("tool_use", "tool_use"),
        ("max_tokens", "max_tokens"),
        ("stop_sequence", "stop_sequence"),
        ("pause_turn", "pause"),
        ("refusal", "refusal"),
        ("model_context_window_exceeded", "context_exceeded"),
        ("something_new", "other"),
    ],
)
def test_stop_reasons(native: str, reason: str) -> None:
    data = f'{{"type":"message_delta","delta":{{"stop_reason":"{native}"}}}}'
    (event,) = feed(data)
    assert isinstance(event, Finished)
    assert (event.reason, event.native) == (reason, native)


def test_a_message_delta_without_a_stop_reason_is_no_terminal() -> None:
    data = '{"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":3}}'
    assert feed(data) == [Counted(Usage(output=3))]


def test_what_is_not_reported_is_not_zero() -> None:
    data = '{"type":"message_start","message":{"id":"m","usage":{"input_tokens":5}}}'
    assert feed(data) == [Started("m"), Counted(Usage(prompt=5))]


def test_a_later_count_does_not_forget_the_cache() -> None:
    decoder = AnthropicDecoder()
    decoder.feed(
        frame('{"type":"message_start","message":{"usage":{"input_tokens":5,"cache_read_input_tokens":90}}}')
    )
    later = decoder.feed(frame('{"type":"message_delta","usage":{"input_tokens":6,"output_tokens":2}}'))
    assert later == [Counted(Usage(prompt=96, cached=90, output=2))]


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("overloaded_error", "overloaded"),
        ("rate_limit_error", "rate_limited"),
        ("api_error", "server_error"),
        ("invalid_request_error", "invalid"),
        ("authentication_error", "unauthorized"),
        ("new_error", "server_error"),
    ],
)
def test_errors_inside_the_stream(type_: str, kind: str) -> None:
    data = f'{{"type":"error","error":{{"type":"{type_}","message":"m"}}}}'
    assert feed(data) == [Erred(kind, "m", type_)]


@given(st.binary())
def test_total(data: bytes) -> None:
    decoder = AnthropicDecoder()
    decoder.feed(Frame(data, "", data))
    assert decoder.close() == []
