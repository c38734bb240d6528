"""Google's own SDK reads what peekd writes, from both kinds of upstream."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import trio
from google import genai
from google.genai import errors, types

Daemon = Callable[[str, str], str]
Responses = list[types.GenerateContentResponse]
Ask = Callable[[genai.Client, Any, types.GenerateContentConfig | None], Responses]

MODEL = "claude-opus-4-5"
SHELL = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="shell",
            description="Run a command.",
            parameters=types.Schema(
                type=types.Type.OBJECT,
                properties={"command": types.Schema(type=types.Type.STRING)},
                required=["command"],
            ),
        )
    ]
)
NO_CALLS = types.AutomaticFunctionCallingConfig(disable=True)
CALLING = types.GenerateContentConfig(
    tools=[SHELL],
    thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=2048),
    automatic_function_calling=NO_CALLS,
)


def models(client: genai.Client) -> Any:
    """The SDK's calls, whose arguments it types by packages that are not there."""
    return client.models


def whole(client: genai.Client, contents: Any, config: types.GenerateContentConfig | None) -> Responses:
    """Ask for an answer in one piece."""
    return [models(client).generate_content(model=MODEL, contents=contents, config=config)]


def streamed(client: genai.Client, contents: Any, config: types.GenerateContentConfig | None) -> Responses:
    """Ask for a stream."""
    return list(models(client).generate_content_stream(model=MODEL, contents=contents, config=config))


@pytest.fixture(params=[streamed, whole])
def ask(request: pytest.FixtureRequest) -> Ask:
    return request.param


@pytest.fixture(params=["anthropic", "gemini", "openai-chat", "openai-responses"])
def kind(request: pytest.FixtureRequest) -> str:
    """The language of the upstream."""
    return request.param


async def said(
    address: str, ask: Ask, contents: Any = "Say hello.", config: types.GenerateContentConfig | None = None
) -> Responses:
    """What the SDK makes of an answer; it blocks, so it has a thread of its own."""
    options = types.HttpOptions(base_url=address)
    with genai.Client(api_key="mine", http_options=options) as client:
        return await trio.to_thread.run_sync(partial(ask, client, contents, config))


def parts(responses: Responses) -> list[types.Part]:
    candidates = [one for response in responses for one in response.candidates or []]
    return [part for one in candidates if one.content for part in one.content.parts or []]


def text_of(responses: Responses) -> str:
    return "".join(part.text or "" for part in parts(responses) if not part.thought)


async def test_an_answer_is_read_as_it_was_given(daemon: Daemon, kind: str, ask: Ask) -> None:
    responses = await said(daemon(kind, 'acts = [{do = "answer", text = "Grüße, 世界 🌍"}]'), ask)
    assert text_of(responses) == "Grüße, 世界 🌍"
    last = responses[-1]
    assert last.candidates
    assert last.candidates[0].finish_reason is types.FinishReason.STOP
    assert last.usage_metadata is not None
    assert last.usage_metadata.total_token_count


async def test_a_tool_is_called_and_its_result_told(daemon: Daemon, kind: str, ask: Ask) -> None:
    acts = 'acts = [{do = "answer", thinking = "Hmm", tool = "shell"}, {do = "answer", text = "Done"}]'
    address = daemon(kind, acts)
    responses = await said(address, ask, "Run it.", CALLING)
    calls = [part.function_call for part in parts(responses) if part.function_call]
    assert [call.name for call in calls] == ["shell"]
    assert "".join(part.text or "" for part in parts(responses) if part.thought) == "Hmm"
    answer = types.Part.from_function_response(name="shell", response={"output": "peekd"})
    turn = [
        types.UserContent("Run it."),
        types.ModelContent(parts=parts(responses)),
        types.UserContent(parts=[answer]),
    ]
    assert text_of(await said(address, ask, turn, CALLING)) == "Done"


async def test_what_fails_first_is_not_seen(daemon: Daemon, kind: str, ask: Ask) -> None:
    address = daemon(kind, 'acts = ["empty", "503", {do = "answer", text = "Hello"}]')
    assert text_of(await said(address, ask)) == "Hello"


async def test_a_refused_request_raises_with_the_true_status(daemon: Daemon, kind: str, ask: Ask) -> None:
    address = daemon(kind, 'acts = ["400"]')
    with pytest.raises(errors.ClientError) as caught:
        await said(address, ask)
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")


async def test_an_answer_that_breaks_off_raises(daemon: Daemon, kind: str) -> None:
    address = daemon(kind, 'acts = [{do = "cut", text = "Hello there, how are you?"}]')
    with pytest.raises(errors.ServerError) as caught:
        await said(address, streamed)
    assert (caught.value.code, caught.value.status) == (503, "UNAVAILABLE")


async def test_an_unknown_model_and_the_list_of_the_known(daemon: Daemon) -> None:
    address = daemon("gemini", 'acts = ["answer"]')

    def listed(
        client: genai.Client, _contents: Any, _config: types.GenerateContentConfig | None
    ) -> Responses:
        assert [model.name for model in models(client).list()] == [f"models/{MODEL}"]
        assert models(client).get(model=MODEL).name == f"models/{MODEL}"
        with pytest.raises(errors.ClientError) as caught:
            models(client).generate_content(model="nobody", contents="Hi")
        assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")
        return []

    await said(address, listed)


async def test_tokens_are_counted(daemon: Daemon, kind: str) -> None:
    address = daemon(kind, 'acts = ["answer"]')

    def counted(
        client: genai.Client, contents: Any, _config: types.GenerateContentConfig | None
    ) -> Responses:
        assert models(client).count_tokens(model=MODEL, contents=contents).total_tokens
        return []

    await said(address, counted)
