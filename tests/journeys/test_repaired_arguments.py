"""Arguments of tool calls that miss their schema, before clients that stream and clients that wait."""

from typing import Any

import msgspec
import pytest
import trio
from playhouse import HELLO, Told, open_playhouse

Clock = trio.testing.MockClock

READ = {
    "name": "read",
    "input_schema": {
        "type": "object",
        "properties": {"limit": {"type": "integer"}, "paths": {"type": "array", "items": {"type": "string"}}},
    },
}
ASKED: dict[str, Any] = {**HELLO, "tools": [READ]}
SLIP = {"do": "answer", "text": "", "tool": {"name": "read", "input": {"limit": "5", "paths": "a"}}}
MEANT = {"limit": 5, "paths": ["a"]}
ACTS: dict[str, list[object]] = {"alice": [SLIP]}
CHAT = "/v1/chat/completions"


def arguments(told: Told) -> Any:
    """The one call's arguments, streamed or not."""
    if told.headers["content-type"].startswith("application/json"):
        return next(block["input"] for block in told.json["content"] if block["type"] == "tool_use")
    deltas = [event["delta"] for event in told.events if event["type"] == "content_block_delta"]
    return msgspec.json.decode("".join(delta.get("partial_json", "") for delta in deltas))


@pytest.mark.parametrize("stream", [True, False])
async def test_a_call_of_geminis_is_mended_since_it_comes_whole(
    autojump_clock: Clock, *, stream: bool
) -> None:
    async with open_playhouse(ACTS, protocol="gemini") as house:
        told = await house.ask(ASKED, stream=stream)
        assert arguments(told) == MEANT
        assert told.record.repaired == ("read.limit", "read.paths")


async def test_pieces_of_a_call_are_not_held_back_from_a_client_that_streams(autojump_clock: Clock) -> None:
    async with open_playhouse(ACTS, protocol="openai-chat", target="gpt-5") as house:
        told = await house.ask(ASKED)
        assert arguments(told) == {"limit": "5", "paths": "a"}
        assert told.record.repaired == ()


async def test_for_a_client_that_waits_pieces_are_put_together_and_mended(autojump_clock: Clock) -> None:
    async with open_playhouse(ACTS, protocol="openai-chat", target="gpt-5") as house:
        told = await house.ask(ASKED, stream=False)
        assert arguments(told) == MEANT
        assert told.record.repaired == ("read.limit", "read.paths")


async def test_between_speakers_of_one_language_nothing_is_mended(autojump_clock: Clock) -> None:
    async with open_playhouse(ACTS) as house:
        told = await house.ask(ASKED, stream=False)
        assert arguments(told) == {"limit": "5", "paths": "a"}
        assert told.record.repaired == ()
