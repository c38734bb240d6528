"""Google's own types read the simulator's Gemini answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from google.genai.types import Content, FinishReason, GenerateContentResponse, Part

from peekd.simulator import gemini as wire
from peekd.simulator.acts import Act, ToolUse
from peekd.simulator.answer import compose
from peekd.simulator.asked import Asked

PATH = "/v1beta/models/g:streamGenerateContent"
ASKED = Asked("gemini", "generate", PATH, number=3, model="gemini-x", stream=True, text="Hi", tokens=9)
CALLS = (ToolUse("Bash", {"command": "ls"}), ToolUse("Now"))
ACTS = {
    "text": Act("answer", text="Hello, world: 世界"),
    "thinking": Act("answer", text="Hello", thinking="Hm, let me see"),
    "tools": Act("answer", tools=CALLS, thinking="Hm"),
    "blank": Act("answer", text=""),
    "refused": Act("answer", text="", stop="refusal"),
    "malformed": Act("answer", text="", malformed=True),
}


def read(value: object) -> GenerateContentResponse:
    return GenerateContentResponse.model_validate(value)


def chunks(act: Act, *, opening: bool = False) -> list[GenerateContentResponse]:
    parts = wire.encode_parts(compose(act, ASKED), ASKED, opening=opening)
    assert all(part.data.startswith(b"data: ") and part.data.endswith(b"}\r\n\r\n") for part in parts)
    parts = wire.encode_parts(compose(act, ASKED), ASKED, opening=opening)
    return [read(json.loads(part.data[6:])) for part in parts]


def content(response: GenerateContentResponse) -> Sequence[Part]:
    candidate = (response.candidates or [])[0]
    return (candidate.content or Content()).parts or []


def told(responses: Sequence[GenerateContentResponse]) -> tuple[str, str, list[str | None]]:
    """The text, the thoughts and the calls."""
    parts = [part for response in responses for part in content(response)]
    texts = [(bool(part.thought), part.text or "") for part in parts]
    return (
        "".join(text for thought, text in texts if not thought),
        "".join(text for thought, text in texts if thought),
        [part.function_call.name for part in parts if part.function_call],
    )


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_stream_tells_what_the_answer_in_one_piece_tells(act: Act) -> None:
    streamed = chunks(act)
    whole = read(json.loads(wire.encode_whole(compose(act, ASKED), ASKED)))
    assert told(streamed) == told([whole])
    ends = [(response.candidates or [])[0].finish_reason for response in (streamed[-1], whole)]
    assert ends[0] is not None
    assert ends[0] == ends[1]
    assert streamed[-1].usage_metadata == whole.usage_metadata


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_without_sse_the_same_chunks_are_a_json_array(act: Act) -> None:
    asked = msgspec.structs.replace(ASKED, array=True)
    parts = wire.encode_parts(compose(act, asked), asked, opening=False)
    assert [read(entry) for entry in json.loads(b"".join(part.data for part in parts))] == chunks(act)


def test_only_the_last_chunk_says_why_it_ended() -> None:
    reasons = [(chunk.candidates or [])[0].finish_reason for chunk in chunks(ACTS["thinking"])]
    assert reasons[-1] == FinishReason.STOP
    assert set(reasons[:-1]) == {None}


def test_the_first_of_parallel_calls_is_signed_beside_the_call() -> None:
    calls = [part for chunk in chunks(ACTS["tools"]) for part in content(chunk) if part.function_call]
    assert [bool(part.thought_signature) for part in calls] == [True, False]


def test_thoughts_that_led_to_text_are_signed_on_an_empty_part() -> None:
    last = content(chunks(ACTS["thinking"])[-1])[0]
    assert (last.text, bool(last.thought_signature)) == ("", True)


def test_usage_grows_and_thoughts_are_counted_apart() -> None:
    usages = [chunk.usage_metadata for chunk in chunks(ACTS["thinking"])]
    totals = [usage.total_token_count or 0 for usage in usages if usage]
    assert totals == sorted(totals)
    last = usages[-1]
    assert last is not None
    assert (last.prompt_token_count, last.thoughts_token_count, last.candidates_token_count) == (9, 4, 1)
    assert last.total_token_count == 14


def test_a_blocked_prompt_has_no_candidates() -> None:
    (chunk,) = chunks(Act("answer", text="", block="SAFETY"))
    assert chunk.candidates is None
    assert chunk.prompt_feedback is not None
    assert chunk.prompt_feedback.block_reason == "SAFETY"


def test_an_opening_is_usage_alone() -> None:
    first, *_ = chunks(ACTS["text"], opening=True)
    assert first.candidates is None
    assert first.usage_metadata is not None


@pytest.mark.parametrize(
    ("act", "status", "word", "details"),
    [
        (Act("refuse", refusal="429", retry_info="34.07s"), 429, "RESOURCE_EXHAUSTED", ["RetryInfo"]),
        (Act("refuse", refusal="429", quota="PerDay"), 429, "RESOURCE_EXHAUSTED", ["QuotaFailure"]),
        (Act("refuse", refusal="429", quota_reset_delay="539ms"), 429, "RESOURCE_EXHAUSTED", ["ErrorInfo"]),
        (Act("refuse", refusal="429"), 429, "RESOURCE_EXHAUSTED", []),
        (Act("refuse", refusal="bad-key"), 400, "INVALID_ARGUMENT", ["ErrorInfo"]),
        (Act("refuse", refusal="validation"), 403, "PERMISSION_DENIED", ["ErrorInfo"]),
        (Act("refuse", refusal="signature"), 400, "INVALID_ARGUMENT", []),
        (Act("refuse", refusal="404"), 404, "NOT_FOUND", []),
        (Act("refuse", refusal="503"), 503, "UNAVAILABLE", []),
        (Act("refuse", refusal="418", status=418), 418, "UNKNOWN", []),
    ],
)
def test_a_refusal_has_googles_shape_and_details(
    act: Act, status: int, word: str, details: list[str]
) -> None:
    refused = wire.encode_refusal(act, ASKED)
    error: dict[str, Any] = json.loads(refused.body)["error"]
    assert (refused.status, error["code"], error["status"]) == (status, status, word)
    assert [detail["@type"].rpartition(".")[2] for detail in error.get("details", [])] == details


def test_hints_stand_where_google_puts_them() -> None:
    act = Act("refuse", refusal="429", retry_info="34.07s", quota="PerDay", quota_reset_delay="539.4ms")
    failure, info, retry = json.loads(wire.encode_refusal(act, ASKED).body)["error"]["details"]
    assert "PerDay" in failure["violations"][0]["quotaId"]
    assert info["metadata"]["quotaResetDelay"] == "539.4ms"
    assert retry["retryDelay"] == "34.07s"


@pytest.mark.parametrize(("first", "text"), [(True, b'[{"error"'), (False, b',\r\n{"error"')])
def test_an_error_ends_the_array(*, first: bool, text: bytes) -> None:
    asked = msgspec.structs.replace(ASKED, array=True)
    written = wire.encode_error(Act("error"), asked, first=first)
    assert written.startswith(text)
    assert written.endswith(b"}]")


def test_counts_and_lists_have_their_fields() -> None:
    assert json.loads(wire.encode_count(ASKED))["totalTokens"] == 9
    assert json.loads(wire.encode_model("g"))["name"] == "models/g"
    assert all(model["name"].startswith("models/") for model in json.loads(wire.encode_models())["models"])


@pytest.mark.parametrize("array", [False, True])
def test_what_came_in_an_envelope_is_answered_in_one(*, array: bool) -> None:
    asked = msgspec.structs.replace(ASKED, envelope=True, array=array)
    answer = compose(ACTS["text"], asked)
    body = b"".join(part.data for part in wire.encode_parts(answer, asked, opening=False))
    said = json.loads(body) if array else [json.loads(data) for data in body.split(b"data: ")[1:]]
    whole = json.loads(wire.encode_whole(answer, asked))
    assert [one.keys() for one in (*said, whole)] == [{"response", "traceId"}] * (len(said) + 1)
    assert told([read(one["response"]) for one in said]) == told([read(whole["response"])])


def test_a_search_is_told_at_the_end_of_a_stream_and_in_one_piece() -> None:
    asked = msgspec.structs.replace(ASKED, searches=True)
    answer = compose(ACTS["text"], asked)
    *_, last = [json.loads(part.data[6:]) for part in wire.encode_parts(answer, asked, opening=False)]
    for response in (read(last), read(json.loads(wire.encode_whole(answer, asked)))):
        grounding = (response.candidates or [])[0].grounding_metadata
        assert grounding is not None
        assert grounding.web_search_queries == ["Hi"]
        assert [chunk.web.title for chunk in grounding.grounding_chunks or [] if chunk.web] == [
            "What was found"
        ]
