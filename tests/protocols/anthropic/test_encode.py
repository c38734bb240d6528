"""Events written as Anthropic's stream, and read by Anthropic's own SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from answers import carried
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peekd.protocols.anthropic.encode import LAST_FRAME, PING, AnthropicEncoder
from peekd.protocols.interface import BadArguments
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Beat,
    Closed,
    Counted,
    DataInline,
    Ended,
    Erred,
    Event,
    Finished,
    Opened,
    OtherBlock,
    OtherDelta,
    RedactedBlock,
    SearchBlock,
    Searched,
    SignatureDelta,
    Source,
    Started,
    StopReason,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
    Unknown,
    Usage,
)

Open = Callable[..., AnthropicEncoder]
Encode = Callable[..., bytes]
Said = Callable[[bytes], list[dict[str, Any]]]
SdkReads = Callable[[bytes], dict[str, Any]]
END = (Finished("end"), Ended())


def text(index: int, *words: str) -> list[Event]:
    return [Opened(index, TextBlock()), *(TextDelta(index, word) for word in words), Closed(index)]


def call(index: int, identity: str, *pieces: str, signature: str = "") -> list[Event]:
    block = ToolCallBlock(identity, "read", signature)
    return [Opened(index, block), *(ArgumentsDelta(index, piece) for piece in pieces), Closed(index)]


def thoughts(index: int, *words: str, signature: str = "") -> list[Event]:
    signed = [SignatureDelta(index, signature)] if signature else []
    spoken = [ThinkingDelta(index, word) for word in words]
    return [Opened(index, ThinkingBlock()), *spoken, *signed, Closed(index)]


# ---- read back by the SDK ------------------------------------------------------------------------


def test_the_sdk_reads_what_the_events_say(folded: Path, encode: Encode, sdk_reads: SdkReads) -> None:
    events = msgspec.json.decode((folded / "events.json").read_bytes(), type=list[Event])
    message = sdk_reads(encode(events))
    meant = json.loads((folded / "message.json").read_text())
    assert message["id"] == "msg_1"
    assert message["model"] == "claude-x"
    assert message["stop_reason"] == meant["stop_reason"]
    assert message["stop_sequence"] == meant["stop_sequence"]
    known = [block for block in meant["content"] if block["type"] in {"text", "tool_use"}]
    shown = [block for block in message["content"] if block["type"] in {"text", "tool_use"}]
    assert [_essence(block) for block in shown] == [_essence(block) for block in known]


def _essence(block: dict[str, Any]) -> dict[str, Any]:
    return {key: block[key] for key in ("type", "text", "id", "name", "input") if key in block}


def test_an_empty_answer_is_a_whole_message(encode: Encode, sdk_reads: SdkReads) -> None:
    message = sdk_reads(encode([Started(), Finished("refusal", "SAFETY")]))
    assert (message["content"], message["stop_reason"]) == ([], "refusal")


# ---- the frame of an answer ----------------------------------------------------------------------


def test_the_order_of_frames(encode: Encode, said: Said) -> None:
    stream = encode([Started(), *text(0, "Hi"), Counted(Usage(prompt=3)), *END])
    assert [one["type"] for one in said(stream)] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert stream.endswith(LAST_FRAME)


def test_there_is_one_start_even_without_a_started(encode: Encode, said: Said) -> None:
    for events in ([*text(0, "Hi"), *END], [Started(), Started(), *text(0, "Hi"), *END], [*END]):
        kinds = [one["type"] for one in said(encode(events))]
        assert kinds.count("message_start") == 1
        assert kinds[0] == "message_start"


def test_the_start_always_tells_usage(encoder: Open, said: Said) -> None:
    (start,) = said(encoder().feed(Started("upstream-id", "gemini-x")))
    message = start["message"]
    assert message["usage"] == {"input_tokens": 0, "output_tokens": 0}
    assert (message["id"], message["model"], message["content"]) == ("msg_1", "claude-x", [])


def test_words_are_never_held_back(encoder: Open, said: Said) -> None:
    writer = encoder()
    writer.feed(Opened(0, TextBlock()))
    assert said(writer.feed(TextDelta(0, "é\u2028")))[0]["delta"] == {"type": "text_delta", "text": "é\u2028"}
    writer.feed(Closed(0))
    writer.feed(Opened(1, ThinkingBlock()))
    assert said(writer.feed(ThinkingDelta(1, "x")))[0]["delta"] == {"type": "thinking_delta", "thinking": "x"}


def test_text_that_stands_in_the_opening_comes_as_a_delta(encode: Encode, sdk_reads: SdkReads) -> None:
    events = [Opened(0, TextBlock("Hi")), Closed(0), Opened(1, ThinkingBlock("Hm")), Closed(1), *END]
    first, second = sdk_reads(encode(events))["content"]
    assert (first["text"], second["thinking"]) == ("Hi", "Hm")


def test_without_a_terminal_there_is_no_end(encoder: Open) -> None:
    writer = encoder()
    writer.feed(Opened(0, TextBlock()))
    assert writer.close() == b""


def test_a_malformed_end_is_no_end(encoder: Open) -> None:
    writer = encoder()
    assert writer.feed(Finished("malformed")) == b""
    assert writer.close() == b""


def test_what_has_no_frame_of_its_own_is_silent(encoder: Open) -> None:
    writer = encoder()
    events = (
        Beat(),
        Unknown("x"),
        Ended(),
        Erred("overloaded", "x"),
        Counted(Usage()),
        SignatureDelta(9, "x"),
    )
    assert [writer.feed(event) for event in events] == [b""] * 6


def test_an_open_block_is_closed_at_a_whole_end(encode: Encode, said: Said) -> None:
    stream = encode([Opened(0, TextBlock()), TextDelta(0, "Hi"), Finished("max_tokens")])
    assert [one["type"] for one in said(stream)][-3] == "content_block_stop"


@pytest.mark.parametrize(
    ("reason", "native"),
    [
        ("end", "end_turn"),
        ("tool_use", "tool_use"),
        ("max_tokens", "max_tokens"),
        ("stop_sequence", "stop_sequence"),
        ("pause", "pause_turn"),
        ("refusal", "refusal"),
        ("context_exceeded", "model_context_window_exceeded"),
        ("other", "end_turn"),
    ],
)
def test_stop_reasons(reason: StopReason, native: str, encode: Encode, sdk_reads: SdkReads) -> None:
    assert sdk_reads(encode([Started(), Finished(reason)]))["stop_reason"] == native


def test_an_end_after_a_call_waits_for_its_result(encode: Encode, sdk_reads: SdkReads) -> None:
    assert sdk_reads(encode([*call(0, "a", "{}"), *END]))["stop_reason"] == "tool_use"
    assert sdk_reads(encode([*call(0, "a", "{}"), Finished("max_tokens")]))["stop_reason"] == "max_tokens"


def test_usage_is_cumulative_and_cached_tokens_are_kept_apart(encode: Encode, sdk_reads: SdkReads) -> None:
    counts = [
        Counted(Usage(prompt=100, output=1)),
        Counted(Usage(cached=60, cache_written=10, output=9, thoughts=4)),
    ]
    usage = sdk_reads(encode([Started(), *counts, *END]))["usage"]
    assert usage["input_tokens"] == 30
    assert usage["cache_read_input_tokens"] == 60
    assert usage["cache_creation_input_tokens"] == 10
    assert usage["output_tokens"] == 9
    assert usage["output_tokens_details"] == {"thinking_tokens": 4}


# ---- calls ---------------------------------------------------------------------------------------


def test_arguments_pass_as_they_come(encode: Encode, sdk_reads: SdkReads) -> None:
    (block,) = sdk_reads(encode([*call(0, "toolu_a", '{"a"', ":1}"), *END]))["content"]
    assert (block["id"], block["name"], block["input"]) == ("toolu_a", "read", {"a": 1})


@pytest.mark.parametrize("pieces", [(), ("",), (" ",)])
def test_empty_arguments_end_as_an_object(pieces: tuple[str, ...], encode: Encode, said: Said) -> None:
    parts = [one["delta"]["partial_json"] for one in said(encode(call(0, "a", *pieces))) if "delta" in one]
    assert json.loads("".join(parts)) == {}


@pytest.mark.parametrize("arguments", ['{"a":', "[]", '"x"', "{}}", "nonsense"])
def test_arguments_that_are_no_object_are_told(arguments: str, encoder: Open) -> None:
    writer = encoder()
    *begun, last = call(0, "a", arguments)
    for event in begun:
        writer.feed(event)
    with pytest.raises(BadArguments):
        writer.feed(last)


def test_ids_that_the_api_would_not_take_are_replaced(encode: Encode, sdk_reads: SdkReads) -> None:
    events = [
        *call(0, "ok-1_A", "{}"),
        *call(1, "ok-1_A", "{}"),
        *call(2, "no good", "{}"),
        *call(3, "", "{}"),
    ]
    ids = [block["id"] for block in sdk_reads(encode([*events, *END]))["content"]]
    assert ids == ["ok-1_A", "toolu_2", "toolu_3", "toolu_4"]


# ---- thoughts and what carries their signatures --------------------------------------------------


def blocks(stream: bytes, sdk_reads: SdkReads) -> list[tuple[str, str, str]]:
    return [
        (block["type"], block.get("thinking") or "", block.get("signature") or "")
        for block in sdk_reads(stream)["content"]
    ]


def test_a_signature_on_thoughts_stays_there(encode: Encode, sdk_reads: SdkReads) -> None:
    stream = encode([*thoughts(0, "Hm", signature="s"), *text(1, "x"), *END])
    assert blocks(stream, sdk_reads) == [("thinking", "Hm", carried("thought", "s")), ("text", "", "")]


def test_a_signature_on_hidden_thoughts_is_that_of_thoughts(encode: Encode, sdk_reads: SdkReads) -> None:
    stream = encode([*thoughts(0, signature="s"), *text(1, "x"), *END])
    assert blocks(stream, sdk_reads)[0] == ("thinking", "", carried("thought", "s"))


def test_a_calls_signature_rides_on_thoughts(encode: Encode, sdk_reads: SdkReads) -> None:
    stream = encode([*thoughts(0, "Hm"), *call(1, "a", "{}", signature="s"), *END])
    assert blocks(stream, sdk_reads) == [
        ("thinking", "Hm", carried("call", "s")),
        ("tool_use", "", ""),
    ]


@pytest.mark.parametrize(
    "before", [[], text(0, "x"), thoughts(0, "Hm", signature="own"), call(0, "b", "{}")], ids=str
)
def test_else_on_an_empty_thinking_block(before: list[Event], encode: Encode, sdk_reads: SdkReads) -> None:
    stream = encode([*before, *call(1, "a", "{}", signature="s"), *END])
    assert blocks(stream, sdk_reads)[-2:] == [
        ("thinking", "", carried("call", "s")),
        ("tool_use", "", ""),
    ]


def test_a_signature_on_words_is_carried_where_it_came(encode: Encode, sdk_reads: SdkReads) -> None:
    signed = [Opened(1, ThinkingBlock(signature="s")), Closed(1)]
    stream = encode([*text(0, "x"), *signed, *call(2, "a", "{}", signature="t"), *END])
    assert blocks(stream, sdk_reads) == [
        ("text", "", ""),
        ("thinking", "", carried("text", "s")),
        ("thinking", "", carried("call", "t")),
        ("tool_use", "", ""),
    ]


def test_an_answers_last_words_are_its_last_block(encoder: Open, said: Said) -> None:
    writer = encoder()
    signed = [Opened(1, ThinkingBlock(signature="s")), Closed(1)]
    read = said(b"".join(map(writer.feed, [*text(0, "x"), *signed, *END])) + writer.close())
    assert [one["content_block"]["type"] for one in read if "content_block" in one] == ["text"]
    assert writer.dropped == {"signature of the last words"}


def test_unsigned_thoughts_close_when_something_else_begins(encoder: Open, said: Said) -> None:
    writer = encoder()
    for event in thoughts(0, "Hm"):
        writer.feed(event)
    kinds = [one["type"] for one in said(writer.feed(Opened(1, TextBlock())))]
    assert kinds == ["content_block_stop", "content_block_start"]


def test_thoughts_that_may_not_be_shown_leave_no_gap(encode: Encode, said: Said) -> None:
    events = [
        *thoughts(0, "Hm", signature="s"),
        *text(1, "x"),
        Opened(2, RedactedBlock("r")),
        Closed(2),
        *call(3, "a", "{}", signature="t"),
    ]
    read = said(encode([*events, *END], thoughts=False))
    starts = [(one["index"], one["content_block"]["type"]) for one in read if "content_block" in one]
    assert starts == [(0, "text"), (1, "tool_use")]
    assert "thinking" not in json.dumps(read)


def test_redacted_thoughts_are_shown_where_thoughts_are(encode: Encode, sdk_reads: SdkReads) -> None:
    (block,) = sdk_reads(encode([Opened(0, RedactedBlock("r")), Closed(0), *END]))["content"]
    assert (block["type"], block["data"]) == ("redacted_thinking", carried("redacted", "r"))


# ---- what has no place here ----------------------------------------------------------------------


def test_what_cannot_be_said_is_named_and_leaves_no_gap(encoder: Open, said: Said) -> None:
    writer = encoder()
    events = [
        Opened(0, OtherBlock("inlineData")),
        DataInline(0, "image/png", "AAAA"),
        OtherDelta(0, "new_delta"),
        ArgumentsDelta(0, "{"),
        Closed(0),
        *text(1, "x"),
    ]
    read = said(b"".join(writer.feed(event) for event in events))
    assert [one["index"] for one in read if "index" in one] == [0, 0, 0]
    assert writer.dropped == {"inlineData", "image/png", "new_delta"}


# ---- laws ----------------------------------------------------------------------------------------

PIECES: dict[str, Callable[[int], list[Event]]] = {
    "text": lambda index: text(index, "a", "b"),
    "thoughts": lambda index: thoughts(index, "t"),
    "signed thoughts": lambda index: thoughts(index, "t", signature="s"),
    "call": lambda index: call(index, f"c{index}", '{"a":1}'),
    "signed call": lambda index: call(index, "same", "{}", signature="s"),
    "other": lambda index: [Opened(index, OtherBlock("new")), Closed(index)],
    "signature": lambda index: [Opened(index, ThinkingBlock(signature="s")), Closed(index)],
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(st.sampled_from(list(PIECES))), shown=st.sampled_from([True, False]))
def test_any_answer_is_well_formed(
    kinds: list[str], shown: object, encode: Encode, sdk_reads: SdkReads
) -> None:
    events = [event for index, kind in enumerate(kinds) for event in PIECES[kind](index)]
    stream = encode([Started(), *events, *END], thoughts=bool(shown))
    _assert_nested(stream)
    content = sdk_reads(stream)["content"]
    words = ["text" if kind == "text" else "tool_use" for kind in kinds if kind == "text" or "call" in kind]
    assert [block["type"] for block in content if block["type"] != "thinking"] == words


def _assert_nested(stream: bytes) -> None:
    """Each block opens, speaks and closes before the next, numbered from 0."""
    expected, inside = 0, False
    lines = [line for line in stream.decode().split("\n") if line.startswith("data: ")]
    for line in lines:
        one: dict[str, Any] = json.loads(line.removeprefix("data: "))
        match str(one["type"]):
            case "content_block_start":
                assert (one["index"], inside) == (expected, False)
                inside = True
            case "content_block_delta":
                assert (one["index"], inside) == (expected, True)
            case "content_block_stop":
                assert (one["index"], inside) == (expected, True)
                expected, inside = expected + 1, False
            case _:
                assert not inside


def test_a_ping_is_one_whole_frame() -> None:
    assert PING.startswith(b"event: ping\n")
    assert PING.endswith(b"\n\n")


def test_a_search_is_told_as_anthropics_own_and_ids_say_whose_it_is(
    encode: Encode, sdk_reads: SdkReads
) -> None:
    found = Searched(1, ("x",), (Source("https://example.com/", "E"),))
    message = sdk_reads(encode([*text(0, "Hi"), Opened(1, SearchBlock()), found, Closed(1), *END]))
    words, call, result = message["content"]
    assert (words["text"], call["type"], call["input"]) == ("Hi", "server_tool_use", {"query": "x"})
    assert call["id"] == result["tool_use_id"]
    assert call["id"].startswith("srvtoolu_peekd_")
    page = {"url": "https://example.com/", "title": "E", "encrypted_content": "", "type": "web_search_result"}
    assert page.items() <= result["content"][0].items()


@pytest.mark.parametrize("closed", [True, False])
def test_a_search_of_which_nothing_is_told_is_a_call_without_results(
    encode: Encode, sdk_reads: SdkReads, *, closed: bool
) -> None:
    events = [Opened(0, SearchBlock()), *[Closed(0)] * closed, *END]
    kinds = [(block["type"], block.get("content")) for block in sdk_reads(encode(events))["content"]]
    assert kinds == [("server_tool_use", None), ("web_search_tool_result", [])]
