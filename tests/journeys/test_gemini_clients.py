"""Dialogues with a Gemini client, before every kind of upstream: healed like any other."""

from typing import Any

import msgspec
import pytest
import trio
from playhouse import GREETING, QUICK, STREAM, Told, open_playhouse

from peekd.healing.settings import HealingSettings

Clock = trio.testing.MockClock

ARRAY = "streamGenerateContent"
WHOLE = "generateContent"
SHELL: dict[str, Any] = {
    "name": "Bash",
    "parameters": {"type": "OBJECT", "properties": {"command": {"type": "STRING"}}},
}
THINKS: dict[str, Any] = {
    **GREETING,
    "tools": [{"functionDeclarations": [SHELL]}],
    "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
}
TARGETS = {"anthropic": "claude-opus-5-5", "gemini": "gemini-3-pro-preview", "openai-chat": "gpt-5"}
EARLY = msgspec.structs.replace(QUICK, early_commit_seconds=2, ping_seconds=3)


def opened(acts: dict[str, list[object]], protocol: str, healing: HealingSettings = QUICK) -> Any:
    return open_playhouse(acts, protocol=protocol, models="*", target=TARGETS[protocol], healing=healing)


@pytest.fixture(params=sorted(TARGETS))
def protocol(request: pytest.FixtureRequest) -> str:
    """The language of the upstream."""
    return request.param


def words(told: Told, *, thought: bool = False) -> str:
    return "".join(part.get("text", "") for part in told.parts if part.get("thought", False) is thought)


def calls(told: Told) -> list[dict[str, Any]]:
    return [part["functionCall"] for part in told.parts if "functionCall" in part]


def reasons(told: Told) -> list[str]:
    candidates = [one for chunk in told.chunks for one in chunk.get("candidates", ())]
    return [one["finishReason"] for one in candidates if "finishReason" in one]


# ---- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [STREAM, ARRAY, WHOLE])
async def test_thoughts_words_calls_and_usage_arrive_in_every_form(
    autojump_clock: Clock, protocol: str, verb: str
) -> None:
    async with opened({"alice": ["answer text=Hello thinking=Hmm tool=Bash"]}, protocol) as house:
        told = await house.ask_gemini(THINKS, verb=verb)
        assert told.status == 200
        assert (words(told, thought=True), words(told)) == ("Hmm", "Hello")
        assert [call["name"] for call in calls(told)] == ["Bash"]
        assert reasons(told) == ["STOP"]
        assert told.chunks[-1]["usageMetadata"]["totalTokenCount"] > 0
        assert told.record.usage.output
        house.assert_nothing_left()


async def test_the_model_of_a_translated_answer_is_the_one_asked_for(autojump_clock: Clock) -> None:
    async with opened({"alice": ["answer text=Hello"]}, "anthropic") as house:
        told = await house.ask_gemini(model="vendor/m:free")
        assert {chunk["modelVersion"] for chunk in told.chunks} == {"vendor/m:free"}
        assert len({chunk["responseId"] for chunk in told.chunks}) == 1
        assert told.headers["x-mapped-model"] == "claude-opus-5-5"


async def test_the_bytes_pass_as_they_are_between_gemini_and_gemini(autojump_clock: Clock) -> None:
    body = b'{ "contents": [{"parts": {"text": "Hi"}}], "new_field": 1.0 }'
    async with opened({"alice": ["answer text=Hello", "answer text=Hello"]}, "gemini") as house:
        told = await house.ask_gemini(body, model="gemini-2.5-pro")
        assert told.record.spliced == ("model",)
        assert (await house.ask_gemini(body, verb=WHOLE)).record.spliced == ("stream", "model")
        sent = house.simulator.requests
        path = "/v1beta/models/gemini-3-pro-preview:streamGenerateContent?alt=sse"
        assert [(one.target, one.body) for one in sent] == [(path, body)] * 2


async def test_proofs_of_thought_come_back_where_they_belong(autojump_clock: Clock) -> None:
    acts: list[object] = ["answer text=Hello thinking=Hmm tool=Bash", "answer text=Done"]
    async with opened({"alice": acts}, "anthropic") as house:
        told = await house.ask_gemini(THINKS)
        result = {"functionResponse": {"name": "Bash", "response": {"output": "peekd"}}}
        history = [{"role": "model", "parts": [part]} for part in told.parts]
        turn = [*GREETING["contents"], *history, {"role": "user", "parts": [result]}]
        assert words(await house.ask_gemini({**THINKS, "contents": turn})) == "Done"
        blocks = msgspec.json.decode(house.simulator.requests[1].body)["messages"][1]["content"]
        assert [block["type"] for block in blocks] == ["thinking", "text", "tool_use"]
        assert blocks[0]["thinking"] == "Hmm"
        assert len(blocks[0]["signature"]) > 20
        results = msgspec.json.decode(house.simulator.requests[1].body)["messages"][2]["content"]
        assert results[0]["tool_use_id"] == blocks[2]["id"]


async def test_an_upstream_that_does_not_stream_serves_every_form(autojump_clock: Clock) -> None:
    for verb in (STREAM, ARRAY, WHOLE):
        async with open_playhouse(
            {"alice": ["answer text=Hello"]}, protocol="gemini", models="*", streams=False
        ) as house:
            told = await house.ask_gemini(verb=verb)
            assert (words(told), reasons(told)) == ("Hello", ["STOP"])
            assert house.simulator.requests[0].target.endswith(":generateContent")


# ---- healing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [STREAM, ARRAY, WHOLE])
@pytest.mark.parametrize("fault", ["empty", "503", "error", "reset"])
async def test_what_fails_before_a_word_is_had_from_another_account(
    autojump_clock: Clock, protocol: str, fault: str, verb: str
) -> None:
    acts: dict[str, list[object]] = {"alice": [fault, fault, fault], "bob": ["answer text=Hello"]}
    async with opened(acts, protocol) as house:
        told = await house.ask_gemini(verb=verb)
        assert (told.status, words(told)) == (200, "Hello")
        assert told.told[-1] == ("bob", "completed", "relay")
        house.assert_nothing_left()


@pytest.mark.parametrize("verb", [STREAM, ARRAY])
async def test_pings_are_bare_lines_and_stand_between_elements(
    autojump_clock: Clock, protocol: str, verb: str
) -> None:
    async with opened({"alice": ["hang", "answer text=Hello"]}, protocol, EARLY) as house:
        told = await house.ask_gemini(verb=verb)
        assert told.headers["x-peekd-commit"] == "early"
        assert [piece for _, piece in told.pieces[:3]] == [b"\n"] * 3
        assert words(told) == "Hello"
        assert not [line for line in told.body.splitlines() if line.startswith(b":")]


async def test_the_journal_keeps_the_phrases_that_people_search_for(autojump_clock: Clock) -> None:
    acts: list[object] = ["empty", "blank", "answer text=Hello"]
    async with opened({"alice": acts}, "gemini") as house:
        told = await house.ask_gemini()
        messages = [entry.message for entry in told.entries]
        assert "Stream ended immediately (Empty Response), retrying..." in messages
        assert "[Gemini] Empty first chunk received, retrying..." in messages
        assert not [message for message in messages if message.startswith("Stream ended during peek")]


# ---- no answer ------------------------------------------------------------------------------------


async def test_a_limit_is_a_google_error_that_says_when_to_come_back(
    autojump_clock: Clock, protocol: str
) -> None:
    async with opened({"alice": ["429 retry-after=4000"]}, protocol) as house:
        told = await house.ask_gemini()
        error = told.json["error"]
        assert (told.status, error["code"], error["status"]) == (429, 429, "RESOURCE_EXHAUSTED")
        assert error["details"][0]["@type"].endswith("RetryInfo")
        assert error["details"][0]["retryDelay"] == f"{told.headers['retry-after']}s"
        assert b"QuotaFailure" not in told.body


async def test_the_requests_own_fault_is_told_at_once(autojump_clock: Clock, protocol: str) -> None:
    async with opened({"alice": ["400"], "bob": ["answer"]}, protocol) as house:
        told = await house.ask_gemini()
        assert (told.status, told.json["error"]["status"]) == (400, "INVALID_ARGUMENT")
        assert len(house.simulator.requests) == 1


@pytest.mark.parametrize("verb", [STREAM, ARRAY])
async def test_an_answer_that_breaks_off_ends_with_an_error_and_well(
    autojump_clock: Clock, protocol: str, verb: str
) -> None:
    async with opened({"alice": ["cut text='Hello there'"]}, protocol) as house:
        told = await house.ask_gemini(verb=verb)
        assert words(told)
        error = told.chunks[-1]["error"]
        assert (error["code"], error["status"]) == (503, "UNAVAILABLE")
        assert reasons(told) == []
        assert told.record.outcome == "broken"


@pytest.mark.parametrize("verb", [STREAM, ARRAY])
async def test_an_error_of_the_upstreams_own_is_told_once_in_our_words(
    autojump_clock: Clock, protocol: str, verb: str
) -> None:
    async with opened({"alice": ["error at=middle text='Hello there'"]}, protocol) as house:
        told = await house.ask_gemini(verb=verb)
        errors = [chunk["error"] for chunk in told.chunks if "error" in chunk]
        assert len(errors) == 1
        assert "peekd explain" in errors[0]["message"]


async def test_a_failure_after_an_early_commit_is_an_error_in_an_array_of_one(autojump_clock: Clock) -> None:
    async with opened({"alice": ["hang"] * 9}, "gemini", EARLY) as house:
        told = await house.ask_gemini(verb=ARRAY)
        assert [chunk["error"]["status"] for chunk in told.chunks] == ["UNAVAILABLE"]


async def test_what_cannot_be_translated_is_refused_by_name(autojump_clock: Clock) -> None:
    async with opened({"alice": ["answer"]}, "anthropic") as house:
        told = await house.ask_gemini({**GREETING, "tools": [{"codeExecution": {}}]})
        assert (told.status, told.json["error"]["status"]) == (400, "INVALID_ARGUMENT")
        assert "codeExecution" in told.json["error"]["message"]
        assert house.simulator.requests == []


async def test_a_client_that_leaves_closes_its_upstream(autojump_clock: Clock, protocol: str) -> None:
    async with opened({"alice": ["hang"]}, protocol) as house:
        told = await house.ask_gemini(leave_after=1)
        assert told.record.outcome == "client_gone"
        house.assert_nothing_left()
