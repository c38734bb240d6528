"""Events as chunks that Google's SDK reads, and that fold to the answer in one piece."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from answers import answering, carried
from google.genai import types

from peekd.protocols.gemini.carrier import bared
from peekd.protocols.gemini.encode import GeminiEncoder
from peekd.protocols.interface import BadArguments
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Beat,
    Closed,
    Counted,
    DataInline,
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
    Usage,
)
from peekd.wire.sse import Splitter


def encoder(*, thoughts: bool = True) -> GeminiEncoder:
    return GeminiEncoder(answering("gemini-2.5-pro", family="anthropic", thoughts=thoughts))


def chunks(events: Iterable[Event], *, thoughts: bool = True) -> list[dict[str, Any]]:
    writer = encoder(thoughts=thoughts)
    body = b"".join(writer.feed(event) for event in events) + writer.close()
    said = [msgspec.json.decode(frame.data, type=dict[str, Any]) for frame in Splitter().feed(body)]
    for chunk in said:
        types.GenerateContentResponse.model_validate(chunk)
        assert (chunk["modelVersion"], chunk["responseId"]) == ("gemini-2.5-pro", "1")
    return said


def parts(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [part for chunk in said for part in chunk["candidates"][0]["content"]["parts"]]


END = Finished("end", "end_turn")
ENDING = {"text": ""}


def test_words_go_out_as_they_come() -> None:
    said = chunks([
        Started(),
        Opened(0, TextBlock("He")),
        TextDelta(0, "llo"),
        TextDelta(0, ""),
        Closed(0),
        END,
    ])
    assert parts(said) == [{"text": "He"}, {"text": "llo"}, ENDING]
    assert [chunk["candidates"][0].get("finishReason") for chunk in said] == [None, None, "STOP"]


def test_thoughts_are_marked_and_their_proof_follows_them() -> None:
    events = [
        Opened(0, ThinkingBlock("H")),
        ThinkingDelta(0, "mm"),
        SignatureDelta(0, "proof"),
        Closed(0),
        Opened(1, RedactedBlock("blob")),
        Closed(1),
        Opened(2, ThinkingBlock("", "alone")),
        END,
    ]
    said = parts(chunks(events))
    assert [part["text"] for part in said] == ["H", "mm", "", "", "", ""]
    proofs = [bared(part["thoughtSignature"]) for part in said if "thoughtSignature" in part]
    assert proofs == [
        carried("thought", "proof", "anthropic"),
        carried("redacted", "blob", "anthropic"),
        carried("thought", "alone", "anthropic"),
    ]
    assert all(part["thought"] for part in said[:-1])


def test_thoughts_that_nobody_asked_for_stay_here() -> None:
    events = [
        Opened(0, ThinkingBlock("H", "s")),
        ThinkingDelta(0, "mm"),
        SignatureDelta(0, "proof"),
        Opened(1, RedactedBlock("blob")),
        END,
    ]
    assert parts(chunks(events, thoughts=False)) == [ENDING]


def test_calls_go_out_whole_with_ids_of_their_own() -> None:
    events = [
        Opened(0, ToolCallBlock("a", "f")),
        Opened(1, ToolCallBlock("a", "g")),
        ArgumentsDelta(0, '{"x":'),
        ArgumentsDelta(1, " "),
        ArgumentsDelta(0, "1.0}"),
        Closed(0),
        Closed(1),
        Opened(2, ToolCallBlock("", "h")),
        ArgumentsDelta(7, "{"),
        Finished("tool_use", "tool_use"),
    ]
    said = chunks(events)
    assert [part["functionCall"] for part in parts(said)[:-1]] == [
        {"id": "a", "name": "f", "args": {"x": 1.0}},
        {"id": "call_2", "name": "g", "args": {}},
        {"id": "call_3", "name": "h", "args": {}},
    ]
    assert said[-1]["candidates"][0]["finishReason"] == "STOP"


def test_arguments_on_many_lines_stay_inside_one_frame() -> None:
    arguments = '{\n  "command": "a\\nb",\r\n  "big": 123456789012345678901234567890\n}'
    call = [Opened(0, ToolCallBlock("a", "f")), ArgumentsDelta(0, arguments), Closed(0), END]
    writer = encoder()
    (frame,) = Splitter().feed(b"".join(writer.feed(event) for event in call))
    assert b'"args":{"command":"a\\nb","big":123456789012345678901234567890}' in frame.data


@pytest.mark.parametrize("arguments", ["[]", '{"x":', "nonsense"])
def test_arguments_that_are_no_object_are_told(arguments: str) -> None:
    writer = encoder()
    writer.feed(Opened(0, ToolCallBlock("a", "f")))
    writer.feed(ArgumentsDelta(0, arguments))
    with pytest.raises(BadArguments):
        writer.feed(Closed(0))


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("end", "STOP"),
        ("tool_use", "STOP"),
        ("stop_sequence", "STOP"),
        ("pause", "STOP"),
        ("max_tokens", "MAX_TOKENS"),
        ("context_exceeded", "MAX_TOKENS"),
        ("refusal", "SAFETY"),
        ("other", "OTHER"),
    ],
)
def test_every_good_end_has_a_word(reason: StopReason, word: str) -> None:
    assert chunks([Finished(reason)])[-1]["candidates"][0]["finishReason"] == word


def test_no_end_is_made_up() -> None:
    assert encoder().close() == b""
    malformed = encoder()
    malformed.feed(Finished("malformed"))
    assert malformed.close() == b""


def test_usage_is_the_last_word_and_counts_thoughts_apart() -> None:
    said = chunks([Counted(Usage(prompt=9, cached=4, output=1)), Counted(Usage(output=7, thoughts=2)), END])
    assert said[-1]["usageMetadata"] == {
        "promptTokenCount": 9,
        "candidatesTokenCount": 5,
        "totalTokenCount": 16,
        "cachedContentTokenCount": 4,
        "thoughtsTokenCount": 2,
    }
    assert "usageMetadata" not in chunks([END])[-1]


def test_data_goes_inline_and_what_has_no_word_is_named() -> None:
    writer = encoder()
    said = writer.feed(DataInline(0, "image/png", "AAAA"))
    assert b'{"inlineData":{"mimeType":"image/png","data":"AAAA"}}' in said
    for event in (
        Opened(1, OtherBlock("server_tool_use")),
        OtherDelta(1, "citations_delta"),
        Beat(),
        Closed(1),
    ):
        assert writer.feed(event) == b""
    assert writer.dropped == {"server_tool_use", "citations_delta"}


def test_searches_are_told_on_the_last_chunk() -> None:
    said = chunks([
        Opened(0, SearchBlock("s")),
        Searched(0, queries=("x",)),
        Closed(0),
        Opened(1, SearchBlock("s")),
        Searched(1, sources=(Source("https://example.com/", "E"),)),
        Closed(1),
        END,
    ])
    assert len(said) == 1
    assert said[0]["candidates"][0]["groundingMetadata"] == {
        "webSearchQueries": ["x"],
        "groundingChunks": [{"web": {"uri": "https://example.com/", "title": "E"}}],
    }
