"""Dialogues of a client of legacy completions before every upstream: always translated, healed like any."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import trio
from playhouse import QUICK, Told, open_playhouse

Clock = trio.testing.MockClock

PATH = "/v1/completions"
HELLO: dict[str, Any] = {"model": "claude-x", "prompt": "Say hello."}


@pytest.fixture(params=["anthropic", "gemini", "openai-chat"])
def kind(request: pytest.FixtureRequest) -> str:
    """The language of the upstream."""
    return request.param


def words(told: Told) -> str:
    lines = [line.removeprefix(b"data: ") for line in told.body.split(b"\n") if line.startswith(b"data: {")]
    chunks: list[Any] = [msgspec.json.decode(line) for line in lines]
    return "".join(choice["text"] for chunk in chunks for choice in chunk.get("choices", ()))


async def test_it_is_answered_streamed_and_whole(autojump_clock: Clock, kind: str) -> None:
    plays = {"alice": ["answer text=Hello thinking=Hmm", "answer text=Hello thinking=Hmm"]}
    async with open_playhouse(plays, protocol=kind) as house:
        streamed = await house.ask({**HELLO, "stream_options": {"include_usage": True}}, path=PATH)
        whole = await house.ask(HELLO, stream=False, path=PATH)
        assert (words(streamed), streamed.body.endswith(b"data: [DONE]\n\n")) == ("Hello", True)
        assert (whole.json["choices"][0]["text"], whole.json["object"]) == ("Hello", "text_completion")
        assert b'"usage"' in streamed.body
        assert whole.record.usage is not None
        assert whole.json["usage"]["completion_tokens"] == whole.record.usage.output
        assert whole.record.dropped == ("answer.thinking",)
        house.assert_nothing_left()


@pytest.mark.parametrize("act", ["empty", "blank", "503", "429", "error", "cut"])
async def test_a_fault_before_the_whole_answer_is_healed(autojump_clock: Clock, kind: str, act: str) -> None:
    plays = {"alice": [act, "answer text=Healed"], "bob": ["answer text=Healed"]}
    async with open_playhouse(plays, protocol=kind) as house:
        whole = await house.ask(HELLO, stream=False, path=PATH)
        assert whole.json["choices"][0]["text"] == "Healed"
        house.assert_nothing_left()


async def test_a_break_in_front_of_the_client_is_an_error_and_no_end(
    autojump_clock: Clock, kind: str
) -> None:
    async with open_playhouse({"alice": ["cut text='one two three four'"]}, protocol=kind) as house:
        told = await house.ask(HELLO, path=PATH)
        assert told.body.count(b'data: {"error"') == 1
        assert b"[DONE]" not in told.body
        assert b'"finish_reason":"' not in told.body


async def test_a_silence_is_filled_with_comments(autojump_clock: Clock, kind: str) -> None:
    patient = msgspec.structs.replace(QUICK, early_commit_seconds=5, ping_seconds=3)
    plays = {"alice": ["answer text=Hello delay=19"]}
    async with open_playhouse(plays, protocol=kind, healing=patient) as house:
        told = await house.ask(HELLO, path=PATH)
        assert told.body.startswith(b": ")
        assert words(told) == "Hello"


@pytest.mark.parametrize(
    ("field", "value"), [("suffix", "x"), ("echo", True), ("best_of", 3), ("n", 2), ("logprobs", 1)]
)
async def test_what_cannot_be_said_is_a_400_that_names_it(
    autojump_clock: Clock, field: str, value: object
) -> None:
    async with open_playhouse({"alice": ["answer text=Hello"]}) as house:
        told = await house.ask({**HELLO, field: value}, path=PATH)
        assert told.status == 400
        assert told.json["error"]["message"].startswith(f"{field}: ")
        assert house.simulator.requests == []
        house.assert_nothing_left()
