"""Answers of which a client's protocol can say nothing are told as errors, never as empty turns."""

from typing import Any

import pytest
import trio
from playhouse import HELLO, STREAM, Told, open_playhouse

Clock = trio.testing.MockClock

CHAT = "/v1/chat/completions"
ASKED: dict[str, Any] = {"model": "m", "messages": HELLO["messages"]}
PICTURE: dict[str, list[object]] = {"alice": ["picture"], "bob": ["answer"]}
WORDS = "the answer holds inlineData, image/png and nothing else"


async def ask(path: str, acts: dict[str, list[object]], *, stream: bool) -> Told:
    async with open_playhouse(acts, models="*", protocol="gemini") as house:
        told = await house.ask(ASKED | HELLO, path=path, stream=stream)
        assert len(house.simulator.requests) == 1
        house.assert_nothing_left()
        return told


@pytest.mark.parametrize("path", ["/v1/messages", CHAT])
async def test_a_client_that_waits_gets_a_400(autojump_clock: Clock, path: str) -> None:
    told = await ask(path, PICTURE, stream=False)
    assert told.status == 400
    assert told.json["error"]["type"] == "invalid_request_error"
    assert WORDS in told.json["error"]["message"]
    assert "peekd explain" in told.json["error"]["message"]
    assert told.told == [("alice", "rejected", "give_up")]


@pytest.mark.parametrize("path", ["/v1/messages", CHAT])
async def test_a_client_that_streams_gets_an_error_in_the_stream(autojump_clock: Clock, path: str) -> None:
    told = await ask(path, PICTURE, stream=True)
    error = told.events[-1]["error"]
    assert WORDS in error["message"]
    assert error["type"] == "invalid_request_error"
    assert b"message_stop" not in told.body
    assert b"[DONE]" not in told.body
    assert told.record.outcome == "broken"


@pytest.mark.parametrize("stream", [True, False])
async def test_words_beside_a_picture_are_an_answer(autojump_clock: Clock, *, stream: bool) -> None:
    told = await ask("/v1/messages", {"alice": ["answer text=Hello picture=image/png"]}, stream=stream)
    assert (told.status, told.text) == (200, "Hello")
    assert "answer.image/png" in told.record.dropped


@pytest.mark.parametrize("verb", [STREAM, "generateContent"])
async def test_a_gemini_client_gets_its_picture(autojump_clock: Clock, verb: str) -> None:
    async with open_playhouse(PICTURE, models="*", protocol="gemini") as house:
        told = await house.ask_gemini(verb=verb)
        kinds = [part["inlineData"]["mimeType"] for part in told.parts if "inlineData" in part]
        assert (told.status, kinds) == (200, ["image/png"])
