"""Chat chunks as events: every transcript, in any chunking, and the laws of blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peekd.protocols.openai_chat.decode import ChatDecoder
from peekd.vocabulary.events import ArgumentsDelta, Closed, Erred, Event, Finished, Opened, ToolCallBlock
from peekd.wire.sse import Frame

Decode = Callable[[Iterable[bytes]], list[Event]]


def body(transcript: Path) -> bytes:
    return (transcript / "upstream.sse").read_bytes()


def expected(transcript: Path) -> list[Event]:
    return msgspec.json.decode((transcript / "events.json").read_bytes(), type=list[Event])


def test_a_transcript_fed_whole_says_what_is_written_beside_it(transcript: Path, decode: Decode) -> None:
    assert decode([body(transcript)]) == expected(transcript)


def test_a_transcript_fed_byte_by_byte_says_the_same(transcript: Path, decode: Decode) -> None:
    whole = body(transcript)
    assert decode([whole[n : n + 1] for n in range(len(whole))]) == expected(transcript)


@given(st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_transcript_cut_at_random_says_the_same(
    transcript: Path, decode: Decode, data: st.DataObject
) -> None:
    whole = body(transcript)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert decode(pieces) == expected(transcript)


def test_no_cut_of_a_transcript_ends_well_before_its_reason_came(transcript: Path, decode: Decode) -> None:
    whole = body(transcript)
    finished = [event for event in expected(transcript) if isinstance(event, Finished)]
    marks = [whole.find(b'"finish_reason": "' + event.native.encode()) for event in finished]
    for cut in range(0, marks[0] if marks else len(whole), 7):
        assert not [event for event in decode([whole[:cut]]) if isinstance(event, Finished)]


def test_blocks_are_numbered_from_nought_and_closed_before_the_terminal(
    transcript: Path, decode: Decode
) -> None:
    events = decode([body(transcript)])
    opened = [event.index for event in events if isinstance(event, Opened)]
    assert opened == list(range(len(opened)))
    ends = next((n for n, event in enumerate(events) if isinstance(event, Finished)), None)
    if ends is not None:
        closed = [event.index for event in events[:ends] if isinstance(event, Closed)]
        assert sorted(closed) == opened


def test_the_arguments_of_every_finished_call_are_json(transcript: Path, decode: Decode) -> None:
    events = decode([body(transcript)])
    if not any(isinstance(event, Finished) for event in events) or transcript.name == "cut_call":
        return
    for opened in events:
        if isinstance(opened, Opened) and isinstance(opened.block, ToolCallBlock):
            pieces = [e.fragment for e in events if isinstance(e, ArgumentsDelta) and e.index == opened.index]
            msgspec.json.decode("".join(pieces) or "{}", type=dict[str, object])


@given(st.binary())
def test_no_bytes_make_it_raise(data: bytes) -> None:
    ChatDecoder().feed(Frame(b"data: " + data + b"\n\n", "", data))


def test_what_follows_a_call_that_could_not_be_read_is_read_on() -> None:
    decoder = ChatDecoder()
    said = b'{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"%b"}}]}}]}'
    kinds = [
        type(decoder.feed(Frame(b"data: " + data + b"\n\n", "", data))[-1])
        for data in (said % b"\\ud83d", said % b"{}")
    ]
    assert kinds == [Erred, ArgumentsDelta]


@pytest.mark.parametrize("rest", [b"data: {", b"data: {\n"])
def test_the_unfinished_rest_of_a_cut_body_is_no_error(rest: bytes) -> None:
    events = ChatDecoder().feed(Frame(rest, "", b"{"))
    assert not [event for event in events if isinstance(event, Erred)]
