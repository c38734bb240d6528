"""The official SDKs read an answer that peekd ended at a call, or went on with, as they read any."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest
import trio
from google import genai
from google.genai import types

Daemon = Callable[..., str]

MODEL = "claude-opus-4-5"
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"command": {"type": "string"}}}
CALL = '{name = "shell", input = {command = "ls"}}'
ACTS = f'acts = [{{do = "drop", at = "reason", text = "On it.", tools = [{CALL}]}}]'
OPTIONS = "tool_boundary = true\natomic_tools = true"

UPSTREAMS = ("anthropic", "gemini", "openai-responses")
LS = ("shell", {"command": "ls"})
Told = tuple[str, str, list[tuple[str, Any]]]
"""Words, the reason for the end, and calls."""


def by_anthropic(address: str) -> Told:
    with anthropic.Anthropic(api_key="mine", base_url=address, max_retries=0) as client:
        asked: Any = client.messages
        tools = [{"name": "shell", "description": "Runs.", "input_schema": SCHEMA}]
        said = [{"role": "user", "content": "Run ls."}]
        with asked.stream(model=MODEL, max_tokens=900, messages=said, tools=tools) as stream:
            message = stream.get_final_message()
    calls = [(block.name, block.input) for block in message.content if block.type == "tool_use"]
    words = "".join(block.text for block in message.content if block.type == "text")
    assert message.usage.output_tokens is not None
    return words, message.stop_reason, calls


def by_openai_chat(address: str) -> Told:
    with openai.OpenAI(api_key="mine", base_url=f"{address}/v1", max_retries=0) as client:
        asked: Any = client.chat.completions
        tools = [{"type": "function", "function": {"name": "shell", "parameters": SCHEMA}}]
        said = [{"role": "user", "content": "Run ls."}]
        with asked.stream(model=MODEL, messages=said, tools=tools) as stream:
            choice = stream.get_final_completion().choices[0]
    calls = [
        (call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls or ()
    ]
    return choice.message.content, choice.finish_reason, calls


def by_openai_responses(address: str) -> Told:
    with openai.OpenAI(api_key="mine", base_url=f"{address}/v1", max_retries=0) as client:
        asked: Any = client.responses
        tools = [{"type": "function", "name": "shell", "parameters": SCHEMA, "strict": False}]
        with asked.stream(model=MODEL, input="Run ls.", tools=tools) as stream:
            response = stream.get_final_response()
    calls = [
        (item.name, json.loads(item.arguments)) for item in response.output if item.type == "function_call"
    ]
    return response.output_text, response.status, calls


def by_google(address: str) -> Told:
    declared = types.FunctionDeclaration(name="shell", description="Runs.", parameters_json_schema=SCHEMA)
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declared])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    with genai.Client(api_key="mine", http_options=types.HttpOptions(base_url=address)) as client:
        models: Any = client.models
        chunks = list(models.generate_content_stream(model=MODEL, contents="Run ls.", config=config))
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts or ()]
    calls = [(part.function_call.name, part.function_call.args) for part in parts if part.function_call]
    reason = chunks[-1].candidates[0].finish_reason.name
    return "".join(part.text or "" for part in parts), reason, calls


SDKS: dict[str, tuple[Callable[[str], Told], str]] = {
    "anthropic": (by_anthropic, "tool_use"),
    "gemini": (by_google, "STOP"),
    "openai-chat": (by_openai_chat, "tool_calls"),
    "openai-responses": (by_openai_responses, "completed"),
}


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("client", SDKS)
async def test_a_cut_behind_a_call_is_a_turn_that_waits_for_a_result(
    daemon: Daemon, client: str, upstream: str
) -> None:
    read, reason = SDKS[client]
    address = daemon(upstream, ACTS, OPTIONS).rstrip("/")
    assert await trio.to_thread.run_sync(read, address) == ("On it.", reason, [LS])


@pytest.mark.parametrize("client", SDKS)
async def test_a_text_that_goes_on_is_one_answer(daemon: Daemon, client: str) -> None:
    acts = (
        'acts = [{do = "drop", at = "middle", text = "One two three four five six"}, '
        '{do = "answer", text = " and so it goes on to its end."}]'
    )
    read, _ = SDKS[client]
    address = daemon("anthropic", acts, "continue_text = true").rstrip("/")
    words, reason, calls = await trio.to_thread.run_sync(read, address)
    assert words.startswith("One two")
    assert words.endswith("and so it goes on to its end.")
    assert reason in {"end_turn", "STOP", "stop", "completed"}
    assert not calls
