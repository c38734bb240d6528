"""Dialogues with Code Assist: every client is served by it as by any other Gemini upstream."""

from typing import Any

import msgspec
import pytest
import trio
from playhouse import GREETING, HELLO, STREAM, Playhouse, Told, open_playhouse

Clock = trio.testing.MockClock

ARRAY = "streamGenerateContent"
WHOLE = "generateContent"
COUNT = "countTokens"
CHAT = "/v1/chat/completions"


def opened(*acts: object, streams: bool = True, **accounts: list[object]) -> Any:
    plays = accounts or {"alice": list(acts)}
    return open_playhouse(plays, protocol="gemini", models="*", platform="code-assist", streams=streams)


def sent(house: Playhouse, number: int = 0) -> dict[str, Any]:
    return msgspec.json.decode(house.simulator.requests[number].body)


def words(told: Told) -> str:
    return "".join(part.get("text", "") for part in told.parts)


# ---- verbatim -------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [STREAM, ARRAY, WHOLE])
async def test_a_gemini_clients_bytes_lie_in_the_envelope_and_the_answer_comes_out_of_it(
    autojump_clock: Clock, verb: str
) -> None:
    body = b'{ "contents": [{"parts": {"text": "Hi"}}], "new_field": 1.0 }'
    async with opened("answer text='Hello there'") as house:
        told = await house.ask_gemini(body, verb=verb)
        assert (told.status, words(told)) == (200, "Hello there")
        assert not [chunk for chunk in told.chunks if "response" in chunk or "candidates" not in chunk]
        assert told.chunks[-1]["usageMetadata"]["promptTokenCount"] > 0
        seen = house.simulator.requests[0]
        assert seen.target == "/v1internal:streamGenerateContent?alt=sse"
        assert seen.header("authorization") == "Bearer alice"
        assert body in seen.body
        assert {"project": "p-1", "model": "gemini-3-pro-preview"}.items() <= sent(house).items()
        assert told.record.spliced[-1] == "envelope"
        assert told.record.usage.output
        house.assert_nothing_left()


@pytest.mark.parametrize("verb", [STREAM, ARRAY, WHOLE])
async def test_an_answer_in_one_piece_comes_out_of_its_envelope(autojump_clock: Clock, verb: str) -> None:
    async with opened("answer text=Hello", streams=False) as house:
        told = await house.ask_gemini(verb=verb)
        assert words(told) == "Hello"
        assert not [chunk for chunk in told.chunks if "response" in chunk]
        assert house.simulator.requests[0].target == "/v1internal:generateContent"


async def test_a_count_is_asked_for_and_taken_out(autojump_clock: Clock) -> None:
    async with opened("answer") as house:
        path = f"/v1beta/models/gemini-2.5-pro:{COUNT}"
        final = await house.house.count_tokens(house.asked(msgspec.json.encode(GREETING), {}, path))
        seen = house.simulator.requests[0]
        assert seen.target == "/v1internal:countTokens"
        assert sent(house) == {"request": {**GREETING, "model": "models/gemini-3-pro-preview"}}
        assert msgspec.json.decode(final.body)["totalTokens"] == seen.asked.tokens


# ---- translated -----------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
async def test_an_anthropic_client_is_served(autojump_clock: Clock, *, stream: bool) -> None:
    async with opened("answer text=Hello thinking=Hmm") as house:
        told = await house.ask(HELLO, stream=stream)
        assert told.text == "Hello"
        assert sent(house)["request"]["contents"] == GREETING["contents"]


async def test_a_chat_client_is_served(autojump_clock: Clock) -> None:
    async with opened("answer text=Hello") as house:
        told = await house.ask({"model": "m", "messages": HELLO["messages"]}, path=CHAT, stream=False)
        assert told.json["choices"][0]["message"]["content"] == "Hello"


# ---- healing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["empty", "503", "error", "reset", "malformed-call"])
async def test_what_fails_is_had_from_another_account_under_a_fresh_id(
    autojump_clock: Clock, fault: str
) -> None:
    async with opened(alice=[fault] * 3, bob=["answer text=Hello"]) as house:
        told = await house.ask_gemini()
        assert words(told) == "Hello"
        ids = [sent(house, number)["requestId"] for number in range(len(house.simulator.requests))]
        assert len(ids) == len(set(ids)) > 1


async def test_a_refusal_has_no_envelope_and_is_the_clients_as_it_came(autojump_clock: Clock) -> None:
    async with opened("400") as house:
        told = await house.ask_gemini()
        assert (told.status, told.json["error"]["status"]) == (400, "INVALID_ARGUMENT")
