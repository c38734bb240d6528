"""Anthropic's own SDK reads what peekd writes, from every kind of upstream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import anthropic
import pytest
import trio
from anthropic import Omit, omit
from anthropic.types import Message, MessageParam, ThinkingConfigParam, ToolParam

Serve = Callable[[str, str], Awaitable[anthropic.AsyncAnthropic]]

MODEL = "claude-opus-4-5"
HELLO: list[MessageParam] = [{"role": "user", "content": "Say hello."}]
THINKING: ThinkingConfigParam = {"type": "enabled", "budget_tokens": 1024}
SHELL: ToolParam = {
    "name": "shell",
    "description": "Run a command.",
    "input_schema": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    },
}


class Ask(Protocol):
    """One way of asking."""

    async def __call__(
        self,
        client: anthropic.AsyncAnthropic,
        messages: Iterable[MessageParam] = HELLO,
        *,
        tools: Iterable[ToolParam] | Omit = omit,
        thinking: ThinkingConfigParam | Omit = omit,
    ) -> Message: ...


async def whole(
    client: anthropic.AsyncAnthropic,
    messages: Iterable[MessageParam] = HELLO,
    *,
    tools: Iterable[ToolParam] | Omit = omit,
    thinking: ThinkingConfigParam | Omit = omit,
) -> Message:
    """Ask for an answer in one piece."""
    return await client.messages.create(
        model=MODEL, max_tokens=2048, messages=messages, tools=tools, thinking=thinking
    )


async def streamed(
    client: anthropic.AsyncAnthropic,
    messages: Iterable[MessageParam] = HELLO,
    *,
    tools: Iterable[ToolParam] | Omit = omit,
    thinking: ThinkingConfigParam | Omit = omit,
) -> Message:
    """Ask for a stream and give what the SDK makes of it; it must have one beginning and one end."""
    asked = client.messages.stream(
        model=MODEL, max_tokens=2048, messages=messages, tools=tools, thinking=thinking
    )
    async with asked as stream:
        kinds = [event.type async for event in stream]
        assert kinds.count("message_start") == kinds.count("message_stop") == 1
        return await stream.get_final_message()


@pytest.fixture(params=[streamed, whole])
def ask(request: pytest.FixtureRequest) -> Ask:
    return request.param


@pytest.fixture(params=["anthropic", "gemini", "openai-chat", "openai-responses"])
def kind(request: pytest.FixtureRequest) -> str:
    """The language of the upstream."""
    return request.param


def text_of(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


# ---- answers ----------------------------------------------------------------------------------------


async def test_an_answer_is_read_as_it_was_given(serve: Serve, kind: str, ask: Ask) -> None:
    client = await serve(kind, 'acts = [{do = "answer", text = "Grüße, 世界 🌍"}]')
    message = await ask(client)
    assert (text_of(message), message.stop_reason, message.role) == (
        "Grüße, 世界 🌍",
        "end_turn",
        "assistant",
    )


USAGE = {
    "anthropic": "{input_tokens = 1200, output_tokens = 34}",
    "gemini": "{promptTokenCount = 1200, candidatesTokenCount = 34}",
    "openai-chat": "{prompt_tokens = 1200, completion_tokens = 34}",
    "openai-responses": "{input_tokens = 1200, output_tokens = 34}",
}


async def test_usage_is_told_as_it_was_counted(serve: Serve, kind: str, ask: Ask) -> None:
    client = await serve(kind, f'acts = [{{do = "answer", text = "Hi", usage = {USAGE[kind]}}}]')
    usage = (await ask(client)).usage
    assert (usage.input_tokens, usage.output_tokens) == (1200, 34)


async def test_the_sdks_blocking_client_reads_it_too(serve: Serve, kind: str) -> None:
    address = (await serve(kind, 'acts = [{do = "answer", text = "Hello"}]')).base_url

    def in_thread() -> tuple[str, str]:
        with anthropic.Anthropic(api_key="mine", base_url=str(address), max_retries=0) as client:
            message = client.messages.create(model=MODEL, max_tokens=9, messages=HELLO)
            with client.messages.stream(model=MODEL, max_tokens=9, messages=HELLO) as stream:
                return text_of(message), "".join(stream.text_stream)

    assert await trio.to_thread.run_sync(in_thread) == ("Hello", "Hello")


async def test_a_limit_of_tokens_is_told_as_the_reason(serve: Serve, kind: str, ask: Ask) -> None:
    stop = "max_tokens" if kind == "anthropic" else "MAX_TOKENS"
    client = await serve(kind, f'acts = [{{do = "answer", text = "To be", stop = "{stop}"}}]')
    message = await ask(client)
    assert (text_of(message), message.stop_reason) == ("To be", "max_tokens")


# ---- tools and thoughts -----------------------------------------------------------------------------


async def test_a_tool_call_goes_out_and_its_result_comes_back(serve: Serve, kind: str, ask: Ask) -> None:
    call = """{do = "answer", text = "", tool = {name = "shell", input = {command = 'ls "ä"'}}}"""
    client = await serve(kind, f'acts = [{call}, {{do = "answer", text = "Two files."}}]')
    asked = await ask(client, tools=[SHELL])
    (used,) = [block for block in asked.content if block.type == "tool_use"]
    assert (used.name, used.input, asked.stop_reason) == ("shell", {"command": 'ls "ä"'}, "tool_use")
    replayed: MessageParam = {"role": "assistant", "content": asked.content}
    result: MessageParam = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": used.id, "content": "a, b"}],
    }
    answered = await ask(client, [*HELLO, replayed, result], tools=[SHELL])
    assert (text_of(answered), answered.stop_reason) == ("Two files.", "end_turn")


async def test_calls_side_by_side_keep_their_own_input(serve: Serve, kind: str, ask: Ask) -> None:
    tools = '[{name = "shell", input = {command = "a"}}, {name = "shell", input = {command = "b"}}]'
    client = await serve(kind, f'acts = [{{do = "answer", text = "Both.", tools = {tools}}}]')
    message = await ask(client, tools=[SHELL])
    used = [block for block in message.content if block.type == "tool_use"]
    assert [block.input for block in used] == [{"command": "a"}, {"command": "b"}]
    assert len({block.id for block in used}) == 2


@pytest.mark.parametrize("signing", ["anthropic", "gemini"])
async def test_thoughts_of_upstreams_that_sign_come_with_the_proof_that_lets_them_be_replayed(
    serve: Serve, signing: str, ask: Ask
) -> None:
    call = '{name = "shell", input = {command = "a"}}'
    first = f'{{do = "answer", thinking = "Let me see.", text = "", tool = {call}}}'
    client = await serve(signing, f'acts = [{first}, {{do = "answer", text = "42"}}]')
    message = await ask(client, thinking=THINKING, tools=[SHELL])
    thoughts = [block for block in message.content if block.type == "thinking"]
    assert "".join(block.thinking for block in thoughts) == "Let me see."
    assert any(block.signature for block in thoughts)
    (used,) = (block for block in message.content if block.type == "tool_use")
    replayed: MessageParam = {"role": "assistant", "content": message.content}
    result: MessageParam = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": used.id}]}
    again = await ask(client, [*HELLO, replayed, result], thinking=THINKING, tools=[SHELL])
    assert text_of(again) == "42"
    assert again.content[-1].type == "text"


# ---- beside the answers -----------------------------------------------------------------------------


async def test_tokens_are_counted(serve: Serve, kind: str) -> None:
    client = await serve(kind, 'acts = ["answer"]')
    counted = await client.messages.count_tokens(model=MODEL, messages=HELLO)
    more = await client.messages.count_tokens(model=MODEL, messages=HELLO, tools=[SHELL], system="Be brief.")
    assert more.input_tokens > counted.input_tokens > 0


async def test_models_are_listed_and_found(serve: Serve, kind: str) -> None:
    client = await serve(kind, 'acts = ["answer"]')
    assert MODEL in [model.id async for model in client.models.list()]
    assert (await client.models.retrieve(MODEL)).id == MODEL


async def test_the_sdk_finds_who_answered_in_the_headers(serve: Serve, kind: str) -> None:
    client = await serve(kind, 'acts = ["answer"]')
    raw = await client.messages.with_raw_response.create(model=MODEL, max_tokens=9, messages=HELLO)
    assert raw.headers["x-account-email"] == "first"
    assert raw.headers["x-mapped-model"] == ("gemini-3-pro" if kind == "gemini" else MODEL)
    assert raw.request_id == raw.headers["x-request-id"]


# ---- healing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["empty", "usage-only", "error", "reset", "close", "503", "429", "401"])
async def test_a_failure_before_the_first_word_is_never_seen(
    serve: Serve, kind: str, ask: Ask, fault: str
) -> None:
    client = await serve(kind, f'acts = ["{fault}", {{do = "answer", text = "Hello"}}]')
    assert text_of(await ask(client)) == "Hello"


async def test_an_unstreamed_answer_that_was_cut_is_asked_for_again(serve: Serve, kind: str) -> None:
    client = await serve(kind, 'acts = ["cut", {do = "answer", text = "Hello"}]')
    assert text_of(await whole(client)) == "Hello"


# ---- errors -----------------------------------------------------------------------------------------


async def test_an_answer_that_breaks_off_is_an_error_and_no_message(serve: Serve, kind: str) -> None:
    address = (await serve(kind, 'acts = [{do = "cut", text = "A long answer that has no end."}]')).base_url
    seen: list[str] = []

    def in_thread() -> None:
        with anthropic.Anthropic(api_key="mine", base_url=str(address), max_retries=0) as client:
            asked = client.messages.create(model=MODEL, max_tokens=9, messages=HELLO, stream=True)
            seen.extend(event.type for event in asked)

    with pytest.raises(anthropic.APIStatusError, match="peekd explain"):
        await trio.to_thread.run_sync(in_thread)
    assert "content_block_delta" in seen
    assert "message_stop" not in seen


async def test_limits_everywhere_are_a_rate_limit_error(serve: Serve, kind: str, ask: Ask) -> None:
    limit = "429 retry-info=3600s" if kind == "gemini" else "429 retry-after=3600"
    client = await serve(kind, f'acts = ["{limit}"]')
    with pytest.raises(anthropic.RateLimitError) as caught:
        await ask(client)
    headers = caught.value.response.headers
    assert 3500 < int(headers["retry-after"]) <= 3600
    assert headers["x-should-retry"] == "false"
    assert caught.value.type == "rate_limit_error"
    assert caught.value.request_id == headers["x-request-id"]


async def test_an_upstream_that_stays_away_is_unavailable_and_worth_asking_again(
    serve: Serve, kind: str, ask: Ask
) -> None:
    client = await serve(kind, 'acts = ["503"]')
    with pytest.raises(anthropic.InternalServerError) as caught:
        await ask(client)
    assert caught.value.status_code == 503
    assert int(caught.value.response.headers["retry-after"]) >= 1
    assert caught.value.response.headers.get("x-should-retry") != "false"


async def test_keys_that_are_turned_away_are_not_told_as_the_clients_fault(
    serve: Serve, kind: str, ask: Ask
) -> None:
    client = await serve(kind, 'acts = ["401"]')
    with pytest.raises(anthropic.InternalServerError, match="first") as caught:
        await ask(client)
    assert caught.value.status_code == 503
    assert caught.value.response.headers["x-should-retry"] == "false"


async def test_the_requests_own_fault_is_a_bad_request(serve: Serve, kind: str, ask: Ask) -> None:
    client = await serve(kind, """acts = ["400 message='top_k: too large'"]""")
    with pytest.raises(anthropic.BadRequestError, match="top_k: too large") as caught:
        await ask(client)
    assert caught.value.type == "invalid_request_error"


async def test_what_is_nowhere_is_not_found(serve: Serve) -> None:
    client = await serve("anthropic", 'acts = ["answer"]')
    with pytest.raises(anthropic.NotFoundError) as caught:
        await client.beta.files.list()
    assert caught.value.type == "not_found_error"
