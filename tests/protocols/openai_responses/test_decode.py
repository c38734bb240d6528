"""Frames of a response as events: every transcript, in any chunking, and the laws of blocks."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from peekd.healing.peek import Rank, rank_of
from peekd.protocols.openai_responses.decode import ResponsesDecoder
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Beat,
    Closed,
    Ended,
    Erred,
    Event,
    Finished,
    Opened,
    Started,
    ToolCallBlock,
    Unknown,
)
from peekd.wire.sse import Frame, Splitter

Decode = Callable[[Iterable[bytes]], list[Event]]
SDK: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)

ODD = {
    "arguments_as_object",
    "deltas_alone",
    "done_marker",
    "error_nested",
    "error_without_type",
    "no_ids_no_places",
    "not_json",
    "only_done",
    "unfinished_last_frame",
    "unknown_events",
}
"""Transcripts of servers that speak otherwise than OpenAI's types say."""


def body(transcript: Path) -> bytes:
    return (transcript / "upstream.sse").read_bytes()


def expected(transcript: Path) -> list[Event]:
    return msgspec.json.decode((transcript / "events.json").read_bytes(), type=list[Event])


def frame(said: object) -> Frame:
    data = msgspec.json.encode(said)
    return Frame(b"data: " + data + b"\n\n", "", data)


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


def test_no_cut_of_a_transcript_ends_well_before_its_terminal_is_whole(transcript: Path) -> None:
    """Every offset is tried, with what had come whole by then and with the rest."""
    whole = body(transcript)
    terminal = max(whole.rfind(b'{"type": "response.' + kind) for kind in (b"completed", b"incomplete"))
    end = whole.index(b"\n", terminal) if terminal >= 0 else len(whole)
    unfinished = whole[: whole.rindex(b"}", 0, end)]
    splitter, decoder = Splitter(), ResponsesDecoder()
    for offset in range(len(unfinished)):
        came = splitter.feed(unfinished[offset : offset + 1])
        rest = copy.deepcopy(splitter).close()
        events = [event for one in came for event in decoder.feed(one)]
        events += ResponsesDecoder().feed(rest) if rest is not None else []
        assert not [event for event in events if isinstance(event, Finished | Ended)]


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
        assert isinstance(events[ends + 1], Ended)


def test_the_arguments_of_every_finished_call_are_json(transcript: Path, decode: Decode) -> None:
    events = decode([body(transcript)])
    if not any(isinstance(event, Finished) for event in events) or transcript.name == "cut_call":
        return
    for opened in events:
        if isinstance(opened, Opened) and isinstance(opened.block, ToolCallBlock):
            pieces = [e.fragment for e in events if isinstance(e, ArgumentsDelta) and e.index == opened.index]
            msgspec.json.decode("".join(pieces) or "{}", type=dict[str, object])


@pytest.mark.parametrize(
    ("kind", "whole"), [("incomplete", False), ("completed", True), ("incomplete", True)]
)
def test_half_a_call_in_words_of_a_grammar_does_not_pass_for_a_whole_one(kind: str, *, whole: bool) -> None:
    item = {
        "type": "custom_tool_call",
        "id": "c",
        "call_id": "c",
        "name": "apply_patch",
        "input": "*** Begin",
    }
    frames: list[dict[str, Any]] = [
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"input": ""}},
        {"type": "response.custom_tool_call_input.delta", "output_index": 0, "delta": "*** Begin"},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": f"response.{kind}", "response": {"status": kind, "output": [item]}},
    ]
    if not whole:
        del frames[2]
    decoder = ResponsesDecoder()
    events = [event for said in frames for event in decoder.feed(frame(said))]
    said = "".join(event.fragment for event in events if isinstance(event, ArgumentsDelta))
    assert said == '{"input":"*** Begin' + '"}' * whole


def test_openais_types_accept_the_well_formed_transcripts(transcript: Path) -> None:
    frames = [one for one in Splitter().feed(body(transcript)) if one.data]
    if transcript.name in ODD:
        return
    for one in frames:
        SDK.validate_json(one.data)


@pytest.mark.parametrize(
    ("said", "rank"),
    [
        ({"type": "response.created", "response": {"id": "r"}}, Rank.IDLE),
        ({"type": "response.queued", "response": {"id": "r"}}, Rank.IDLE),
        ({"type": "response.in_progress", "response": {"id": "r"}}, Rank.IDLE),
        ({"type": "response.output_item.added", "item": {"type": "message", "content": []}}, Rank.IDLE),
        ({"type": "response.content_part.added", "part": {"type": "output_text", "text": ""}}, Rank.IDLE),
        ({"type": "response.output_text.delta", "delta": ""}, Rank.IDLE),
        ({"type": "response.output_text.delta", "delta": "x"}, Rank.MEANINGFUL),
        ({"type": "response.refusal.delta", "delta": "x"}, Rank.MEANINGFUL),
        ({"type": "response.output_item.added", "item": {"type": "reasoning", "summary": []}}, Rank.PROGRESS),
        ({"type": "response.reasoning_summary_text.delta", "delta": "x"}, Rank.MEANINGFUL),
        ({"type": "response.reasoning_text.delta", "delta": "x"}, Rank.MEANINGFUL),
        (
            {"type": "response.output_item.done", "item": {"type": "reasoning", "encrypted_content": "e"}},
            Rank.PROGRESS,
        ),
        (
            {"type": "response.output_item.added", "item": {"type": "function_call", "name": "f"}},
            Rank.MEANINGFUL,
        ),
        ({"type": "response.output_item.added", "item": {"type": "web_search_call"}}, Rank.MEANINGFUL),
        ({"type": "response.web_search_call.in_progress"}, Rank.MEANINGFUL),
        ({"type": "response.output_item.added", "item": {"type": "compaction"}}, Rank.MEANINGFUL),
        ({"type": "response.output_item.added", "item": {"type": "something_new"}}, Rank.MEANINGFUL),
        ({"type": "response.something_new.delta", "delta": "x"}, Rank.IDLE),
        ({"type": "response.something_new.delta", "delta": {"x": 1}}, Rank.IDLE),
        ({"type": "response.audio.delta", "delta": "AAAA"}, Rank.IDLE),
    ],
)
def test_how_much_a_frame_says(said: dict[str, Any], rank: Rank) -> None:
    assert max(rank_of(event) for event in ResponsesDecoder().feed(frame(said))) is rank


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("server_error", "server_error"),
        ("rate_limit_exceeded", "rate_limited"),
        ("insufficient_quota", "payment_required"),
        ("invalid_prompt", "invalid"),
        ("context_length_exceeded", "invalid"),
        ("invalid_image", "invalid"),
        ("server_is_overloaded", "overloaded"),
        ("invalid_encrypted_content", "signature"),
        ("something_new", "server_error"),
    ],
)
def test_an_error_is_told_by_its_code_wherever_it_stands(code: str, kind: str) -> None:
    error = {"code": code, "message": "m"}
    told = [
        {"type": "response.failed", "response": {"id": "r", "status": "failed", "error": error}},
        {"type": "response.completed", "response": {"id": "r", "status": "failed", "error": error}},
        {"type": "error", **error, "param": None, "sequence_number": 2},
        {"type": "error", "error": error},
        {"error": error},
    ]
    for said in told:
        event = ResponsesDecoder().feed(frame(said))[-1]
        assert isinstance(event, Erred)
        assert (event.kind, event.message, event.type) == (kind, "m", code)


def test_a_failure_without_words_is_still_one() -> None:
    event = ResponsesDecoder().feed(frame({"type": "response.failed"}))[-1]
    assert event == Erred("server_error", "the response failed")


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ({"reason": "max_output_tokens"}, ("max_tokens", "max_output_tokens")),
        ({"reason": "content_filter"}, ("refusal", "content_filter")),
        ({"reason": "something_new"}, ("max_tokens", "something_new")),
        (None, ("max_tokens", "incomplete")),
    ],
)
def test_why_it_was_stopped(reason: dict[str, str] | None, told: tuple[str, str]) -> None:
    said = {"type": "response.incomplete", "response": {"status": "incomplete", "incomplete_details": reason}}
    finished = next(e for e in ResponsesDecoder().feed(frame(said)) if isinstance(e, Finished))
    assert (finished.reason, finished.native) == told


def test_after_the_end_nothing_is_said_any_more() -> None:
    decoder = ResponsesDecoder()
    decoder.feed(frame({"type": "response.completed", "response": {"id": "r"}}))
    late = decoder.feed(frame({"type": "response.output_text.delta", "delta": "x"}))
    assert late == [Unknown("response.output_text.delta after the end")]
    assert decoder.feed(Frame(b"data: [DONE]\n\n", "", b"[DONE]")) == [Beat()]


def test_a_last_mark_without_a_terminal_ends_falsely() -> None:
    assert ResponsesDecoder().feed(Frame(b"data: [DONE]\n\n", "", b"[DONE]")) == [Ended()]


def test_the_event_line_names_a_frame_without_a_type() -> None:
    data = b'{"response":{"id":"r","model":"m","store":false}}'
    told = ResponsesDecoder().feed(Frame(b"event: response.created\n", "response.created", data))
    assert told == [Started("r", "m")]


@given(st.binary())
def test_no_bytes_make_it_raise(data: bytes) -> None:
    ResponsesDecoder().feed(Frame(b"data: " + data + b"\n\n", "", data))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
FIELDS = ["output_index", "item_id", "content_index", "delta", "text", "item", "part", "response", "error"]
INSIDE = ["type", "id", "content", "summary", "name", "arguments", "input", "action", "status", "output"]
KINDS = [
    "message",
    "reasoning",
    "function_call",
    "custom_tool_call",
    "web_search_call",
    "local_shell_call",
    "x",
]
PIECES = st.dictionaries(st.sampled_from(INSIDE), JSON | st.sampled_from(KINDS), max_size=4)
EVENTS = [
    "response.created",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.done",
    "response.output_text.delta",
    "response.output_text.annotation.added",
    "response.reasoning_summary_text.delta",
    "response.function_call_arguments.done",
    "response.custom_tool_call_input.delta",
    "response.web_search_call.searching",
    "response.completed",
    "response.incomplete",
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(EVENTS),
            st.dictionaries(st.sampled_from(FIELDS), JSON | PIECES | st.integers(0, 2)),
        ),
        max_size=6,
    )
)
def test_no_frames_make_it_raise_or_break_the_numbering(frames: list[tuple[str, dict[str, Any]]]) -> None:
    decoder = ResponsesDecoder()
    events = [event for kind, said in frames for event in decoder.feed(frame({"type": kind, **said}))]
    opened = [event.index for event in events if isinstance(event, Opened)]
    closed = [event.index for event in events if isinstance(event, Closed)]
    assert opened == list(range(len(opened)))
    assert len(closed) == len(set(closed))
    assert set(closed) <= set(opened)


def test_every_frame_of_openais_has_a_reading_or_is_idle() -> None:
    """The types of the SDK hold kinds that are only looked at by their names."""
    for choice in json.loads(json.dumps(SDK.json_schema()))["$defs"].values():
        kind = choice.get("properties", {}).get("type", {}).get("const", "")
        if kind.startswith("response.") and kind not in {"response.completed", "response.incomplete"}:
            for event in ResponsesDecoder().feed(frame({"type": kind})):
                assert not isinstance(event, Finished)
