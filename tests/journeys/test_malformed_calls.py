"""Calls that a Gemini model could not make are outcomes, before every client: healed, or told as failures."""

from typing import Any

import pytest
import trio
from playhouse import GREETING, HELLO, STREAM, Playhouse, Told, open_playhouse

Clock = trio.testing.MockClock

CHAT = "/v1/chat/completions"
MODEL = "/v1beta/models/gemini-2.5-pro"
REASONS = ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"]
WAYS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "anthropic": ("/v1/messages", HELLO, True),
    "anthropic whole": ("/v1/messages", HELLO, False),
    "chat": (CHAT, {"model": "m", "messages": HELLO["messages"]}, True),
    "chat whole": (CHAT, {"model": "m", "messages": HELLO["messages"]}, False),
    "gemini": (f"{MODEL}:{STREAM}", GREETING, True),
    "gemini whole": (f"{MODEL}:generateContent", GREETING, False),
}
HEALED = b"Healed"


@pytest.fixture(params=sorted(WAYS))
def way(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any], bool]:
    """Who asks, what, and whether it streams."""
    return WAYS[request.param]


async def ask(house: Playhouse, way: tuple[str, dict[str, Any], bool]) -> Told:
    path, body, stream = way
    if path.startswith(MODEL):
        return await house.ask_gemini(body, verb=path.partition(":")[2])
    return await house.ask(body, path=path, stream=stream)


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("reason", REASONS)
async def test_it_is_tried_again_unseen(
    autojump_clock: Clock, way: tuple[str, dict[str, Any], bool], reason: str, *, streams: bool
) -> None:
    acts: dict[str, list[object]] = {"alice": [f"answer text= stop={reason}", "answer text=Healed"]}
    async with open_playhouse(acts, models="*", protocol="gemini", streams=streams) as house:
        told = await ask(house, way)
        assert told.status == 200
        assert HEALED in told.body
        assert reason.encode() not in told.body
        assert told.told == [("alice", "malformed", "again"), ("alice", "completed", "relay")]
        assert reason in told.record.attempts[0].upstream_error
        house.assert_nothing_left()


async def test_where_none_can_be_made_the_client_is_told_so(
    autojump_clock: Clock, way: tuple[str, dict[str, Any], bool]
) -> None:
    async with open_playhouse({"alice": ["malformed-call"] * 9}, models="*", protocol="gemini") as house:
        told = await ask(house, way)
        assert told.status == 503
        assert {outcome for _, outcome, _ in told.told} == {"malformed"}
        assert b"MALFORMED_FUNCTION_CALL" in told.body


async def test_after_words_it_is_an_error_in_the_stream_and_a_new_try_for_who_waits(
    autojump_clock: Clock, way: tuple[str, dict[str, Any], bool]
) -> None:
    acts = ["answer text=Broken stop=MALFORMED_FUNCTION_CALL", "answer text=Healed"]
    async with open_playhouse({"alice": acts}, models="*", protocol="gemini") as house:
        told = await ask(house, way)
        if way[2]:
            assert told.record.outcome == "broken"
            assert b'"error"' in told.body
            assert HEALED not in told.body
        else:
            assert HEALED in told.body
            assert b"Broken" not in told.body


async def test_what_the_upstream_says_of_it_stands_in_the_record(autojump_clock: Clock) -> None:
    acts = ["malformed-call", "answer text=Healed"]
    async with open_playhouse({"alice": acts}, models="*", protocol="gemini") as house:
        told = await house.ask(HELLO)
        assert "Malformed function call: print(" in told.record.attempts[0].upstream_error
