"""Chunks folded into one response: nothing is lost, or it is refused."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.gemini.collect import GeminiCollector
from peekd.protocols.gemini.stream import GeminiDecoder
from peekd.protocols.interface import Unfoldable
from peekd.vocabulary.events import Counted, Event, Finished, TextDelta, ThinkingDelta
from peekd.wire.sse import Frame, Splitter

UNFOLDABLE = {"enveloped", "not_json"}
"""Transcripts that cannot be had in one piece."""

UNKNOWN = {"other_parts"}
"""Transcripts with parts that the SDK's types have no word for."""


def fold(*chunks: object) -> dict[str, Any]:
    collector = GeminiCollector()
    for chunk in chunks:
        collector.feed(Frame(b"", "", msgspec.json.encode(chunk)))
    return msgspec.json.decode(collector.result())


def candidate(*parts: object, **fields: object) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, **fields, "index": 0}]}


def parts_of(*parts: object) -> list[dict[str, Any]]:
    return fold(*(candidate(part) for part in parts))["candidates"][0]["content"].get("parts", [])


@given(st.lists(st.tuples(st.text(), st.booleans()), min_size=1))
def test_words_are_joined_and_thoughts_stay_thoughts(said: list[tuple[str, bool]]) -> None:
    folded = parts_of(
        *({"text": text, "thought": True} if thought else {"text": text} for text, thought in said)
    )
    for kind in (True, False):
        joined = "".join(part["text"] for part in folded if part.get("thought", False) is kind)
        assert joined == "".join(text for text, thought in said if thought is kind)
    assert all(part["text"] for part in folded)
    kinds = [part.get("thought", False) for part in folded]
    assert all(one is not other for one, other in pairwise(kinds))


def test_what_is_signed_or_of_another_kind_stays_apart() -> None:
    call = {
        "functionCall": {"name": "f", "args": {"n": 12345678901234567890123, "x": 1.0}},
        "thoughtSignature": "s",
    }
    parts = [
        {"text": "a"},
        {"text": "", "thoughtSignature": "t"},
        {"text": "b", "new": 1},
        call,
        {"odd": {"a": 1}},
    ]
    raw = b'{"candidates":[{"content":{"parts":[%b]}}]}' % b",".join(
        b'{"functionCall":{"args":{"n":12345678901234567890123,"x":1.0}}}'
        if "functionCall" in part
        else msgspec.json.encode(part)
        for part in parts
    )
    collector = GeminiCollector()
    collector.feed(Frame(b"", "", raw))
    assert collector.result() == raw


def test_the_last_word_counts_for_what_is_told_again() -> None:
    folded = fold(
        {**candidate({"text": "a"}), "usageMetadata": {"promptTokenCount": 1}, "modelVersion": "m"},
        candidate(groundingMetadata={"webSearchQueries": ["q"]}, safetyRatings=[1]),
        {
            **candidate(finishReason="STOP", groundingMetadata={"groundingChunks": []}, safetyRatings=[2]),
            "usageMetadata": {"candidatesTokenCount": 2},
            "modelVersion": "m",
        },
    )
    assert folded["usageMetadata"] == {"promptTokenCount": 1, "candidatesTokenCount": 2}
    assert folded["candidates"] == [
        {
            "content": {"parts": [{"text": "a"}], "role": "model"},
            "finishReason": "STOP",
            "groundingMetadata": {"webSearchQueries": ["q"], "groundingChunks": []},
            "safetyRatings": [2],
            "index": 0,
        }
    ]


def test_citations_come_together() -> None:
    def cited(*uris: str) -> dict[str, Any]:
        return candidate(citationMetadata={"citationSources": [{"uri": uri} for uri in uris]})

    folded = fold(cited("a"), cited("a", "b"), cited("c"))
    sources = folded["candidates"][0]["citationMetadata"]["citationSources"]
    assert [source["uri"] for source in sources] == ["a", "b", "c"]


def test_candidates_are_told_apart() -> None:
    second = {"candidates": [{"content": {"parts": [{"text": "x"}]}, "index": 1}]}
    folded = fold(candidate({"text": "a"}), second, candidate({"text": "b"}))
    assert [one["content"]["parts"] for one in folded["candidates"]] == [[{"text": "ab"}], [{"text": "x"}]]


def test_a_blocked_prompt_has_no_candidates() -> None:
    assert fold({"promptFeedback": {"blockReason": "SAFETY"}}) == {
        "promptFeedback": {"blockReason": "SAFETY"}
    }


@pytest.mark.parametrize(
    "chunks",
    [
        [{"response": {}}],
        [{"new": 1}, {"new": 2}],
        [candidate(new=1), candidate(new=2)],
        [candidate(logprobsResult={"a": 1}), candidate(logprobsResult={"a": 2})],
        [candidate({"functionCall": {"name": "f", "willContinue": True}})],
        [[1]],
        [{"candidates": 3}],
    ],
)
def test_what_would_be_lost_is_refused(chunks: list[object]) -> None:
    with pytest.raises(Unfoldable):
        fold(*chunks)


def test_lines_for_life_and_errors_fold_to_nothing() -> None:
    collector = GeminiCollector()
    for data in (b"", b" ", b"[DONE]", b'{"error":{"code":503}}'):
        collector.feed(Frame(b"", "", data))
    assert collector.result() == b"{}"


# ---- transcripts ----------------------------------------------------------------------------------


def folded(chunks: list[bytes]) -> bytes:
    splitter, collector = Splitter(), GeminiCollector()
    for chunk in chunks:
        for frame in splitter.feed(chunk):
            collector.feed(frame)
    return collector.result()


def cut(body: bytes) -> list[bytes]:
    dice = random.Random(len(body))  # noqa: S311 - the same cuts each time
    places = sorted(dice.randrange(len(body)) for _ in range(9)) if body else []
    return [body[begin:end] for begin, end in zip([0, *places], [*places, len(body)], strict=True)]


def said(body: bytes) -> list[Event]:
    decoder = GeminiDecoder()
    return [event for frame in Splitter().feed(body) for event in decoder.feed(frame)]


def test_a_transcript_folds_to_what_its_stream_said_however_it_was_cut(transcript: Path) -> None:
    body = (transcript / "upstream.sse").read_bytes()
    if transcript.name in UNFOLDABLE:
        with pytest.raises(Unfoldable):
            folded([body])
        return
    whole = folded([body])
    assert folded([body[n : n + 1] for n in range(len(body))]) == whole
    assert folded(cut(body)) == whole
    if transcript.name not in UNKNOWN:
        types.GenerateContentResponse.model_validate_json(whole)
    again = said(b"data: %b\r\n\r\n" % whole)
    for kind in (TextDelta, ThinkingDelta):
        words = ["".join(e.text for e in events if isinstance(e, kind)) for events in (said(body), again)]
        assert words[0] == words[1]
    for kind in (Finished, Counted):
        last = [[e for e in events if isinstance(e, kind)][-1:] for events in (said(body), again)]
        assert last[0] == last[1]
