"""OpenAI's own SDK reads what peekd writes, from every kind of upstream."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import openai
import pytest
import trio
from openai.types.chat import ChatCompletion, ChatCompletionFunctionToolParam, ChatCompletionMessageParam

Ask = Callable[..., Awaitable["Told"]]

MODEL = "claude-opus-4-5"
HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello."}]
SHELL: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {
        "name": "shell",
        "description": "Run a command.",
        "parameters": {
            "type": "object",
            "properties": {"command": {"type": "string"}},
            "required": ["command"],
        },
    },
}


class Told:
    """What the SDK made of an answer, streamed or not."""

    def __init__(self) -> None:
        self.text = ""
        self.thoughts = ""
        self.reason: str | None = None
        self.model = ""
        self.usage: Any = None
        self.calls: list[dict[str, str]] = []


async def whole(client: openai.AsyncOpenAI, messages: Any = HELLO, **more: Any) -> Told:
    """Ask for an answer in one piece."""
    asked: Any = client.chat.completions
    answer: ChatCompletion = await asked.create(model=MODEL, messages=messages, **more)
    told, (choice,) = Told(), answer.choices
    told.text, told.reason, told.model = choice.message.content or "", choice.finish_reason, answer.model
    told.usage = answer.usage
    told.thoughts = (choice.message.model_extra or {}).get("reasoning_content", "")
    for call in choice.message.tool_calls or ():
        assert call.type == "function"
        function = call.function
        told.calls.append({"id": call.id, "name": function.name, "arguments": function.arguments})
    return told


async def streamed(client: openai.AsyncOpenAI, messages: Any = HELLO, **more: Any) -> Told:
    """Ask for a stream, with the blocking client: the other one leaves generators behind under trio."""
    return await trio.to_thread.run_sync(lambda: _streamed(str(client.base_url), messages, more))


def _streamed(address: str, messages: Any, more: dict[str, Any]) -> Told:
    """Put a stream together as agents do."""
    told, ids = Told(), set[str]()
    with openai.OpenAI(api_key="mine", base_url=address, max_retries=0) as client:
        asked: Any = client.chat.completions
        options = {"include_usage": True}
        stream: Any = asked.create(
            model=MODEL, messages=messages, stream=True, stream_options=options, **more
        )
        for chunk in stream:
            ids.add(chunk.id)
            told.model, told.usage = chunk.model, chunk.usage or told.usage
            for choice in chunk.choices:
                _add(told, choice)
    assert len(ids) == 1
    return told


def _add(told: Told, choice: Any) -> None:
    assert told.reason is None
    told.text += choice.delta.content or ""
    extra: dict[str, Any] = choice.delta.model_extra or {}
    told.thoughts += extra.get("reasoning_content") or ""
    told.reason = choice.finish_reason
    for call in choice.delta.tool_calls or ():
        if call.id:
            told.calls.append({"id": call.id, "name": call.function.name, "arguments": ""})
        told.calls[call.index]["arguments"] += call.function.arguments or ""


@pytest.fixture(params=[streamed, whole])
def ask(request: pytest.FixtureRequest) -> Ask:
    return request.param


@pytest.fixture(params=["anthropic", "gemini", "openai-chat", "openai-responses"])
def kind(request: pytest.FixtureRequest) -> str:
    """The language of the upstream."""
    return request.param


Start = Callable[[str, str], Awaitable[openai.AsyncOpenAI]]


async def test_an_answer_is_read_as_it_was_given(serve_openai: Start, kind: str, ask: Ask) -> None:
    client = await serve_openai(kind, 'acts = [{do = "answer", text = "Grüße, 世界 🌍"}]')
    told = await ask(client)
    assert (told.text, told.reason, told.model) == ("Grüße, 世界 🌍", "stop", MODEL)


USAGE = {
    "anthropic": "{input_tokens = 1200, output_tokens = 34}",
    "gemini": "{promptTokenCount = 1200, candidatesTokenCount = 34}",
    "openai-chat": "{prompt_tokens = 1200, completion_tokens = 34}",
    "openai-responses": "{input_tokens = 1200, output_tokens = 34}",
}


async def test_usage_is_told_as_it_was_counted(serve_openai: Start, kind: str, ask: Ask) -> None:
    client = await serve_openai(kind, f'acts = [{{do = "answer", text = "Hi", usage = {USAGE[kind]}}}]')
    usage = (await ask(client)).usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (1200, 34, 1234)


async def test_thoughts_are_shown_to_who_asks_for_them(serve_openai: Start, kind: str, ask: Ask) -> None:
    client = await serve_openai(kind, 'acts = [{do = "answer", text = "Hi", thinking = "Hm so"}]')
    told = await ask(client, reasoning_effort="low")
    assert (told.thoughts, told.text) == ("Hm so", "Hi")


async def test_a_limit_of_tokens_is_told_as_the_reason(serve_openai: Start, kind: str, ask: Ask) -> None:
    stop = "max_tokens" if kind == "anthropic" else "MAX_TOKENS"
    client = await serve_openai(kind, f'acts = [{{do = "answer", text = "To be", stop = "{stop}"}}]')
    told = await ask(client, max_completion_tokens=9)
    assert (told.text, told.reason) == ("To be", "length")


async def test_parallel_calls_go_out_and_their_results_come_back(
    serve_openai: Start, kind: str, ask: Ask
) -> None:
    calls = """[{name = "shell", input = {command = 'ls "ä"'}}, {name = "shell", input = {}}]"""
    client = await serve_openai(
        kind, f'acts = [{{do = "answer", text = "", tools = {calls}}}, {{do = "answer", text = "Two."}}]'
    )
    told = await ask(client, tools=[SHELL])
    assert told.reason == "tool_calls"
    assert [json.loads(call["arguments"]) for call in told.calls] == [{"command": 'ls "ä"'}, {}]
    assert len({call["id"] for call in told.calls}) == 2
    replayed = [
        {
            "id": call["id"],
            "type": "function",
            "function": {"name": call["name"], "arguments": call["arguments"]},
        }
        for call in told.calls
    ]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "a b"} for call in told.calls]
    again = await ask(
        client, [*HELLO, {"role": "assistant", "tool_calls": replayed}, *results], tools=[SHELL]
    )
    assert (again.text, again.reason) == ("Two.", "stop")


# ---- what fails --------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["503", "429", "401", "empty", "reset", "error"])
async def test_a_fault_of_one_account_is_not_seen(serve_openai: Start, kind: str, ask: Ask, act: str) -> None:
    client = await serve_openai(kind, f'acts = ["{act}", "answer text=Healed"]')
    assert (await ask(client)).text == "Healed"


async def test_a_request_that_is_wrong_raises_as_such(serve_openai: Start, kind: str, ask: Ask) -> None:
    client = await serve_openai(kind, 'acts = ["400"]')
    with pytest.raises(openai.BadRequestError):
        await ask(client)


async def test_more_than_one_answer_is_refused_by_name(serve_openai: Start, kind: str, ask: Ask) -> None:
    client = await serve_openai(kind, 'acts = ["answer"]')
    with pytest.raises(openai.BadRequestError, match="n: "):
        await ask(client, n=2)


async def test_accounts_that_all_fail_raise_as_overload(serve_openai: Start, kind: str, ask: Ask) -> None:
    client = await serve_openai(kind, 'acts = ["503", "503", "503", "503"]')
    with pytest.raises(openai.InternalServerError) as raised:
        await ask(client)
    assert raised.value.status_code == 503
    assert int(raised.value.response.headers["retry-after"]) >= 1


async def test_a_stream_that_breaks_raises_and_is_no_answer(serve_openai: Start, kind: str) -> None:
    client = await serve_openai(kind, 'acts = [{do = "cut", text = "one two three four five six"}]')
    with pytest.raises(openai.APIError):
        await streamed(client)


async def test_the_sdks_blocking_client_and_its_list_of_models(serve_openai: Start, kind: str) -> None:
    address = (await serve_openai(kind, 'acts = [{do = "answer", text = "Hello"}]')).base_url

    def in_thread() -> tuple[str | None, list[str]]:
        with openai.OpenAI(api_key="mine", base_url=str(address), max_retries=0) as client:
            answer = client.chat.completions.create(model=MODEL, messages=HELLO)
            return answer.choices[0].message.content, [model.id for model in client.models.list()]

    text, models = await trio.to_thread.run_sync(in_thread)
    assert (text, models) == ("Hello", [MODEL])
