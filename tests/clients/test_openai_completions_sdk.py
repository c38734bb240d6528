"""OpenAI's own SDK reads the legacy completions that peekd writes, from every kind of upstream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest
import trio

Start = Callable[[str, str], str]

MODEL = "claude-opus-4-5"


@pytest.fixture(params=["anthropic", "gemini", "openai-chat"])
def kind(request: pytest.FixtureRequest) -> str:
    """The language of the upstream."""
    return request.param


@pytest.fixture(params=[True, False], ids=["streamed", "whole"])
def stream(request: pytest.FixtureRequest) -> bool:
    return request.param


async def ask(address: str, *, stream: bool, **more: Any) -> dict[str, Any]:
    """Ask with the blocking client; give what it made of the answer."""
    return await trio.to_thread.run_sync(lambda: _ask(f"{address}/v1", more, stream=stream))


def _ask(address: str, more: dict[str, Any], *, stream: bool) -> dict[str, Any]:
    with openai.OpenAI(api_key="mine", base_url=address, max_retries=0) as client:
        asked: Any = client.completions
        said = {"model": MODEL, "prompt": "Say hello.", **more}
        if stream:
            said |= {"stream": True, "stream_options": {"include_usage": True}}
        answer: Any = asked.create(**said)
        told: dict[str, Any] = {"text": "", "reason": None, "usage": None}
        for piece in answer if stream else [answer]:
            told |= {"model": piece.model, "usage": piece.usage or told["usage"]}
            for choice in piece.choices:
                assert told["reason"] is None
                told |= {"text": told["text"] + choice.text, "reason": choice.finish_reason}
        return told


USAGE = {
    "anthropic": "{input_tokens = 1200, output_tokens = 34}",
    "gemini": "{promptTokenCount = 1200, candidatesTokenCount = 34}",
    "openai-chat": "{prompt_tokens = 1200, completion_tokens = 34}",
}


async def test_an_answer_is_read_as_it_was_given(daemon: Start, kind: str, *, stream: bool) -> None:
    acts = f'acts = [{{do = "answer", text = "Grüße, 世界 🌍", usage = {USAGE[kind]}}}]'
    told = await ask(daemon(kind, acts), stream=stream)
    assert (told["text"], told["reason"], told["model"]) == ("Grüße, 世界 🌍", "stop", MODEL)
    usage = told["usage"]
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (1200, 34, 1234)


async def test_a_limit_of_tokens_is_told_as_the_reason(daemon: Start, kind: str, *, stream: bool) -> None:
    stop = "max_tokens" if kind == "anthropic" else "MAX_TOKENS"
    address = daemon(kind, f'acts = [{{do = "answer", text = "To be", stop = "{stop}"}}]')
    told = await ask(address, stream=stream, max_tokens=9)
    assert (told["text"], told["reason"]) == ("To be", "length")


@pytest.mark.parametrize("act", ["503", "429", "401", "empty", "reset", "error"])
async def test_a_fault_of_one_account_is_not_seen(
    daemon: Start, kind: str, act: str, *, stream: bool
) -> None:
    address = daemon(kind, f'acts = ["{act}", "answer text=Healed"]')
    assert (await ask(address, stream=stream))["text"] == "Healed"


async def test_what_cannot_be_said_raises_as_a_bad_request(daemon: Start, kind: str, *, stream: bool) -> None:
    address = daemon(kind, 'acts = ["answer"]')
    with pytest.raises(openai.BadRequestError, match="echo: "):
        await ask(address, stream=stream, echo=True)
    with pytest.raises(openai.BadRequestError, match="prompt: tokens"):
        await ask(address, stream=stream, prompt=[1, 2, 3])


async def test_a_stream_that_breaks_raises_and_is_no_answer(daemon: Start, kind: str) -> None:
    address = daemon(kind, 'acts = [{do = "cut", text = "one two three four five six"}]')
    with pytest.raises(openai.APIError):
        await ask(address, stream=True)
