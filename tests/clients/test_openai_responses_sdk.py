"""OpenAI's own SDK reads the responses that peekd writes, from every kind of upstream."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import openai
import pytest
import trio
from openai.types.responses import FunctionToolParam, Response

Start = Callable[[str, str], Awaitable[openai.AsyncOpenAI]]
Ask = Callable[..., Awaitable[Response]]

MODEL = "claude-opus-4-5"
SHELL: FunctionToolParam = {
    "type": "function",
    "name": "shell",
    "description": "Run a command.",
    "parameters": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    },
    "strict": False,
}


async def whole(client: openai.AsyncOpenAI, said: Any = "Say hello.", **more: Any) -> Response:
    """Ask for an answer in one piece."""
    asked: Any = client.responses
    response: Response = await asked.create(model=MODEL, input=said, **more)
    return response


async def streamed(client: openai.AsyncOpenAI, said: Any = "Say hello.", **more: Any) -> Response:
    """Ask for a stream, with the blocking client: the other one leaves generators behind under trio."""
    return await trio.to_thread.run_sync(lambda: _streamed(str(client.base_url), said, more))


def _streamed(address: str, said: Any, more: dict[str, Any]) -> Response:
    """Let the SDK put a stream together; its own snapshots must be what the last frame says."""
    words = ""
    with (
        openai.OpenAI(api_key="mine", base_url=address, max_retries=0) as client,
        client.responses.stream(model=MODEL, input=said, **more) as stream,
    ):
        for event in stream:
            if event.type == "response.output_text.delta":
                words += event.delta
            if event.type == "response.incomplete":
                return event.response
            if event.type == "response.failed":
                raise RuntimeError(event.response.error)
        response = stream.get_final_response()
    assert words == response.output_text
    return response


@pytest.fixture(params=[streamed, whole])
def ask(request: pytest.FixtureRequest) -> Ask:
    return request.param


@pytest.fixture(params=["anthropic", "gemini", "openai-chat", "openai-responses"])
def kind(request: pytest.FixtureRequest) -> str:
    """The language of the upstream."""
    return request.param


async def test_an_answer_is_read_as_it_was_given(serve_openai: Start, kind: str, ask: Ask) -> None:
    client = await serve_openai(kind, 'acts = [{do = "answer", text = "Grüße, 世界 🌍"}]')
    told = await ask(client)
    assert (told.output_text, told.status, told.model) == ("Grüße, 世界 🌍", "completed", MODEL)


USAGE = {
    "anthropic": "{input_tokens = 1200, output_tokens = 34}",
    "gemini": "{promptTokenCount = 1200, candidatesTokenCount = 34}",
    "openai-chat": "{prompt_tokens = 1200, completion_tokens = 34}",
    "openai-responses": "{input_tokens = 1200, output_tokens = 34}",
}


async def test_usage_is_told_as_it_was_counted(serve_openai: Start, kind: str, ask: Ask) -> None:
    client = await serve_openai(kind, f'acts = [{{do = "answer", text = "Hi", usage = {USAGE[kind]}}}]')
    usage = (await ask(client)).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (1200, 34, 1234)


async def test_a_limit_of_tokens_is_told_as_the_reason(serve_openai: Start, kind: str, ask: Ask) -> None:
    stop = "max_tokens" if kind == "anthropic" else "MAX_TOKENS"
    client = await serve_openai(kind, f'acts = [{{do = "answer", text = "To be", stop = "{stop}"}}]')
    told = await ask(client, max_output_tokens=90)
    assert (told.output_text, told.status) == ("To be", "incomplete")
    assert told.incomplete_details is not None
    assert told.incomplete_details.reason == "max_output_tokens"


async def test_thoughts_and_parallel_calls_go_out_and_their_results_come_back(
    serve_openai: Start, kind: str, ask: Ask
) -> None:
    calls = """[{name = "shell", input = {command = 'ls "ä"'}}, {name = "shell", input = {}}]"""
    first = f'{{do = "answer", text = "", thinking = "Hm so", tools = {calls}}}'
    client = await serve_openai(kind, f'acts = [{first}, {{do = "answer", text = "Two."}}]')
    more: dict[str, Any] = {"tools": [SHELL], "reasoning": {"effort": "low", "summary": "auto"}}
    told = await ask(client, **more)
    thoughts = [part.text for item in told.output if item.type == "reasoning" for part in item.summary]
    assert thoughts == ["Hm so"]
    made = [item for item in told.output if item.type == "function_call"]
    assert [json.loads(call.arguments) for call in made] == [{"command": 'ls "ä"'}, {}]
    assert len({call.call_id for call in made}) == 2
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "a b"} for call in made]
    replayed = [item.model_dump(exclude_none=True) for item in told.output]
    again = await ask(client, [{"role": "user", "content": "Say hello."}, *replayed, *results], **more)
    assert again.output_text == "Two."


# ---- what fails --------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["503", "429", "401", "empty", "reset", "error"])
async def test_a_fault_of_one_account_is_not_seen(serve_openai: Start, kind: str, ask: Ask, act: str) -> None:
    client = await serve_openai(kind, f'acts = ["{act}", "answer text=Healed"]')
    assert (await ask(client)).output_text == "Healed"


async def test_a_request_that_is_wrong_raises_as_such(serve_openai: Start, kind: str, ask: Ask) -> None:
    client = await serve_openai(kind, 'acts = ["400"]')
    with pytest.raises(openai.BadRequestError):
        await ask(client)


@pytest.mark.parametrize("kind", ["anthropic", "gemini", "openai-chat"])
async def test_what_lies_at_openai_is_refused_by_name(serve_openai: Start, kind: str, ask: Ask) -> None:
    client = await serve_openai(kind, 'acts = ["answer"]')
    with pytest.raises(openai.BadRequestError, match="previous_response_id: "):
        await ask(client, previous_response_id="resp_1")


async def test_accounts_that_all_fail_raise_as_overload(serve_openai: Start, kind: str, ask: Ask) -> None:
    client = await serve_openai(kind, 'acts = ["503", "503", "503", "503"]')
    with pytest.raises(openai.InternalServerError) as raised:
        await ask(client)
    assert raised.value.status_code == 503
    assert int(raised.value.response.headers["retry-after"]) >= 1


async def test_a_stream_that_breaks_is_a_failed_response(serve_openai: Start, kind: str) -> None:
    client = await serve_openai(kind, 'acts = [{do = "cut", text = "one two three four five six"}]')
    with pytest.raises(RuntimeError, match="server_error"):
        await streamed(client)


async def test_a_websocket_is_refused_in_openais_words(serve_openai: Start) -> None:
    """As Codex probes: it then asks by POST at once, and probes no more."""
    address = (await serve_openai("anthropic", 'acts = ["answer"]')).base_url
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    reply = await trio.to_thread.run_sync(lambda: httpx.get(f"{address}responses", headers=headers))
    assert reply.status_code == 426
    assert reply.json()["error"].keys() == {"message", "type", "param", "code"}
