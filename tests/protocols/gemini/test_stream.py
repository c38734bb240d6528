"""Gemini's answers as events: every transcript, in any chunking, and the laws of blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peekd.protocols.gemini.stream import GeminiDecoder, decode_whole
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Beat,
    Closed,
    Counted,
    Ended,
    Erred,
    Event,
    Finished,
    Opened,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    Unknown,
    Usage,
)
from peekd.wire.sse import Frame, Splitter

Decode = Callable[[Iterable[bytes]], list[Event]]


def frame(json: str) -> Frame:
    return Frame(raw=f"data: {json}\r\n\r\n".encode(), data=json.encode())


def candidate(parts: str = "[]", finish: str = "") -> Frame:
    reason = f',"finishReason":"{finish}"' if finish else ""
    return frame(f'{{"candidates":[{{"content":{{"parts":{parts}}}{reason}}}]}}')


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
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_transcript_cut_at_random_says_the_same(
    transcript: Path, decode: Decode, data: st.DataObject
) -> None:
    whole = body(transcript)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert decode(pieces) == expected(transcript)


def test_no_cut_of_a_transcript_ends_well_before_its_terminal_came(transcript: Path, decode: Decode) -> None:
    whole = body(transcript)
    terminal = next((e for e in expected(transcript) if isinstance(e, Finished)), None)
    offset = whole.find(b'"finishReason"' if b'"finishReason"' in whole else b'"blockReason"')
    for cut in range(len(whole)):
        events = decode([whole[:cut]])
        finished = [event for event in events if isinstance(event, Finished)]
        assert finished in ([], [terminal])
        if cut < offset or terminal is None:
            assert not finished
            assert Ended() not in events


def test_blocks_count_up_from_zero_and_never_overlap(transcript: Path) -> None:
    is_open: list[int] = []
    count = 0
    for event in expected(transcript):
        match event:
            case Opened(index=index):
                assert (index, is_open) == (count, [])
                is_open, count = [index], count + 1
            case Closed(index=index):
                assert is_open == [index]
                is_open = []
            case _ if (index := getattr(event, "index", None)) is not None:
                assert is_open == [index]
            case _:
                pass


def test_a_tool_calls_arguments_join_to_one_json_object(transcript: Path) -> None:
    for event in expected(transcript):
        if isinstance(event, ArgumentsDelta):
            assert isinstance(msgspec.json.decode(event.fragment), dict)


def test_no_text_block_is_opened_for_an_empty_part() -> None:
    decoder = GeminiDecoder()
    events = decoder.feed(candidate('[{"text":""},{"text":"","thought":true}]', "STOP"))
    assert not any(isinstance(event, Opened) for event in events)


def test_a_signature_on_an_empty_last_part_is_kept_as_a_signed_thinking_block() -> None:
    decoder = GeminiDecoder()
    decoder.feed(candidate('[{"text":"word"}]'))
    assert decoder.feed(candidate('[{"text":"","thoughtSignature":"c2ln"}]', "STOP")) == [
        Closed(0),
        Opened(1, ThinkingBlock(signature="c2ln")),
        Closed(1),
        Finished("end", "STOP"),
    ]


def test_words_after_a_signed_part_begin_a_new_block() -> None:
    decoder = GeminiDecoder()
    events = decoder.feed(candidate('[{"text":"a","thoughtSignature":"c2ln"},{"text":"b"}]'))
    opened = [event.block for event in events if isinstance(event, Opened)]
    assert opened == [TextBlock(), ThinkingBlock(signature="c2ln"), TextBlock()]


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("STOP", "end"),
        ("MAX_TOKENS", "max_tokens"),
        ("SAFETY", "refusal"),
        ("RECITATION", "refusal"),
        ("LANGUAGE", "refusal"),
        ("BLOCKLIST", "refusal"),
        ("PROHIBITED_CONTENT", "refusal"),
        ("SPII", "refusal"),
        ("MODEL_ARMOR", "refusal"),
        ("IMAGE_SAFETY", "refusal"),
        ("IMAGE_PROHIBITED_CONTENT", "refusal"),
        ("IMAGE_RECITATION", "refusal"),
        ("IMAGE_OTHER", "refusal"),
        ("MALFORMED_FUNCTION_CALL", "malformed"),
        ("MALFORMED_RESPONSE", "malformed"),
        ("UNEXPECTED_TOOL_CALL", "malformed"),
        ("TOO_MANY_TOOL_CALLS", "malformed"),
        ("OTHER", "other"),
        ("FINISH_REASON_UNSPECIFIED", "other"),
        ("SOMETHING_NEW", "other"),
    ],
)
def test_each_finish_reason_has_its_meaning(native: str, reason: str) -> None:
    finished = GeminiDecoder().feed(candidate(finish=native))[-1]
    assert isinstance(finished, Finished)
    assert (finished.reason, finished.native) == (reason, native)


def test_an_end_for_want_of_a_signature_is_a_refusal_of_what_was_replayed() -> None:
    (*_, erred) = GeminiDecoder().feed(candidate(finish="MISSING_THOUGHT_SIGNATURE"))
    assert isinstance(erred, Erred)
    assert (erred.kind, erred.type) == ("signature", "MISSING_THOUGHT_SIGNATURE")


def test_a_stop_after_a_call_waits_for_the_tool_and_a_limit_stays_a_limit() -> None:
    for terminal in (Finished("tool_use", "STOP"), Finished("max_tokens", "MAX_TOKENS")):
        decoder = GeminiDecoder()
        decoder.feed(candidate('[{"functionCall":{"name":"f","args":{}}}]'))
        assert decoder.feed(candidate(finish=terminal.native)) == [terminal]


def test_only_the_first_terminal_counts_and_late_parts_are_named() -> None:
    decoder = GeminiDecoder()
    decoder.feed(candidate('[{"text":"a"}]', "STOP"))
    assert decoder.feed(candidate(finish="MAX_TOKENS")) == [Beat()]
    assert decoder.feed(candidate('[{"text":"b"}]')) == [Unknown("parts after finishReason")]
    assert decoder.close() == [Ended()]
    assert decoder.close() == []


def test_thought_tokens_are_part_of_the_output_once_and_what_was_not_told_is_none() -> None:
    decoder = GeminiDecoder()
    first = decoder.feed(frame('{"usageMetadata":{"promptTokenCount":7,"thoughtsTokenCount":5}}'))
    assert first[-1] == Counted(Usage(prompt=7, output=5, thoughts=5))
    counts = '{"promptTokenCount":7,"toolUsePromptTokenCount":2,"cachedContentTokenCount":4'
    later = decoder.feed(
        frame(f'{{"usageMetadata":{counts},"candidatesTokenCount":3,"thoughtsTokenCount":5}}}}')
    )
    assert later == [Counted(Usage(prompt=9, cached=4, output=8, thoughts=5))]
    assert decoder.feed(frame('{"usageMetadata":{}}')) == [Beat()]


def test_arguments_keep_the_bytes_that_the_model_wrote() -> None:
    wire = '{"a":1.0, "b":12345678901234567890123, "c":"\\u00e9"}'
    events = GeminiDecoder().feed(candidate(f'[{{"functionCall":{{"name":"f","args":{wire}}}}}]'))
    assert ArgumentsDelta(0, wire) in events


@pytest.mark.parametrize(
    "json",
    [
        '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":[1]}}]}}]}',
        '{"candidates":[{"content":{"parts":[{"text":7}]}}]}',
        '{"candidates":{}}',
        "[1]",
        "null",
        "{",
        "plain words",
        "[" * 100_000,
        '{"candidates":[{"content":{"parts":[{"functionCall":{"args":{"a":' + "[" * 100_000,
    ],
    ids=range(9),
)
def test_what_is_not_geminis_json_is_an_error_and_never_an_exception(json: str) -> None:
    assert isinstance(GeminiDecoder().feed(frame(json))[-1], Erred)


def test_bytes_that_are_no_text_are_an_error() -> None:
    data = b'{"candidates":[{"content":{"parts":[{"functionCall":{"args":{"a":"\xff"}}}]}}]}'
    assert isinstance(GeminiDecoder().feed(Frame(raw=data + b"\n\n", data=data))[-1], Erred)


@pytest.mark.parametrize("error", ['"boom"', "17", "[]", "{}", '{"code":"x","details":[7]}'])
def test_an_error_of_any_shape_is_an_error(error: str) -> None:
    [event] = GeminiDecoder().feed(frame(f'{{"error":{error}}}'))
    assert isinstance(event, Erred)
    assert event.message


def test_a_null_error_is_none() -> None:
    events = GeminiDecoder().feed(frame('{"error":null,"candidates":[{"content":{"parts":[{"text":"a"}]}}]}'))
    assert TextDelta(0, "a") in events


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    decoder = GeminiDecoder()
    assert decoder.feed(Frame(raw=data, data=data))
    assert decoder.close() == []


def test_the_rest_of_a_body_that_was_cut_short_is_no_error_of_its_own() -> None:
    decoder = GeminiDecoder()
    assert decoder.feed(Frame(raw=b'data: {"cand', data=b'{"cand')) == [Beat()]
    assert decoder.close() == []


def test_a_whole_terminal_counts_though_its_blank_line_never_came() -> None:
    decoder = GeminiDecoder()
    terminal = candidate(finish="STOP")
    assert decoder.feed(Frame(raw=terminal.raw.rstrip(), data=terminal.data))[-1] == Finished("end", "STOP")


# ---- answers in one piece ------------------------------------------------------------------------


def test_an_answer_in_one_piece_is_one_frame_of_a_stream() -> None:
    body = b'{\n  "candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]\n}\n'
    (played,) = decode_whole(body)
    assert Splitter().feed(played.raw) == [played]
    events = GeminiDecoder().feed(played)
    assert TextDelta(0, "Hi") in events
    assert Finished("end", "STOP") in events
    assert [*decode_whole(b"[" + body + b"]")] != []


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"7", b'{"error":{"code":503}}', b'[{"error":{"code":503}}]', b"[" * 100_000]
)
def test_what_is_no_answer_in_one_piece_gives_no_frame(body: bytes) -> None:
    assert [*decode_whole(body)] == []


def test_a_piece_that_says_nothing_is_judged_as_a_stream_that_says_nothing() -> None:
    (played,) = decode_whole(b'{"usageMetadata": {"promptTokenCount": 3}}')
    assert not any(isinstance(event, Finished) for event in GeminiDecoder().feed(played))


# ---- chunks in the middle of an answer ------------------------------------------------------------

Fields = dict[str, st.SearchStrategy[Any]]
OF_PARTS: Fields = {
    "text": st.sampled_from(["", "a", "b"]),
    "thought": st.sampled_from([True, False, None]),
    "thoughtSignature": st.sampled_from(["", "c2ln"]),
    "functionCall": st.just({"name": "f", "args": {}}),
    "executableCode": st.just({"code": "1"}),
}
OF_CANDIDATES: Fields = {
    "content": st.fixed_dictionaries({
        "parts": st.lists(st.fixed_dictionaries({}, optional=OF_PARTS), max_size=3)
    }),
    "finishReason": st.sampled_from([None, "STOP", "SAFETY"]),
    "groundingMetadata": st.sampled_from([None, {"webSearchQueries": ["q"]}]),
}
OF_CHUNKS: Fields = {
    "candidates": st.lists(st.fixed_dictionaries({}, optional=OF_CANDIDATES), max_size=2),
    "usageMetadata": st.sampled_from([None, {}, {"promptTokenCount": 1, "thoughtsTokenCount": 2}, 7]),
    "promptFeedback": st.sampled_from([None, {"blockReason": "SAFETY"}]),
    "response": st.sampled_from([None, {"candidates": []}]),
    "error": st.just({"code": 503, "message": "busy", "status": "UNAVAILABLE"}),
    "modelVersion": st.just("gemini"),
}
CHUNK = st.fixed_dictionaries({}, optional=OF_CHUNKS)


@given(st.lists(CHUNK, max_size=5))
def test_a_chunk_of_words_alone_says_the_same_as_one_that_is_read_part_by_part(
    chunks: list[dict[str, Any]],
) -> None:
    """An error that is null makes no difference but that: such a chunk may hold more than words."""
    one, other = GeminiDecoder(), GeminiDecoder()
    for chunk in chunks:
        told = one.feed(frame(msgspec.json.encode(chunk).decode()))
        assert told == other.feed(frame(msgspec.json.encode({"error": None, **chunk}).decode()))
    assert one.close() == other.close()
