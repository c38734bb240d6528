"""Anthropic, Gemini and Chat clients before a Responses upstream, and Codex before its own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import trio
from playhouse import QUICK, Playhouse, Told, open_playhouse
from responses import checked
from turning import AGAIN, RESULT, SCHEMA, TURNS, Json, chat_again, chat_datas, stop, words

Clock = trio.testing.MockClock

PROOF = "gAAAAABsimulated" * 8
HEALED = [("alice", "completed", "relay")]
CARRIERS = ["anthropic", "gemini"]
"""Clients whose language has a place for proofs."""


@pytest.fixture(params=list(TURNS))
def client(request: pytest.FixtureRequest) -> str:
    """The language of the client."""
    return request.param


def opened(plays: dict[str, list[object]], *, streams: bool = True) -> Any:
    return open_playhouse(
        plays, protocol="openai-responses", models="*", target="gpt-5", healing=QUICK, streams=streams
    )


async def ask(house: Playhouse, client: str, body: Json | None = None, *, stream: bool = True) -> Told:
    turn = TURNS[client]
    said = turn.first if body is None else body
    path = turn.path if stream else turn.whole_path
    return await house.ask(
        said if client != "gemini" else msgspec.json.encode(said), path=path, stream=stream
    )


def sent(house: Playhouse, number: int) -> Json:
    """Give what the upstream got."""
    return msgspec.json.decode(house.simulator.requests[number].body)


# ---- answers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
async def test_words_and_usage_arrive(autojump_clock: Clock, client: str, *, stream: bool) -> None:
    async with opened({"alice": ["answer text='Hello there'"]}) as house:
        told = await ask(house, client, stream=stream)
        assert (told.status, words(client, told)) == (200, "Hello there")
        assert told.told == HEALED
        assert told.record.usage is not None
        assert told.record.usage.output
        assert told.record.note in {"", None}
        seen = house.simulator.requests[0]
        assert (seen.path, seen.header("authorization")) == ("/v1/responses", "Bearer alice")
        body = sent(house, 0)
        assert (body["model"], body["stream"], body["store"]) == ("gpt-5", True, False)
        assert body["include"] == ["reasoning.encrypted_content"]
        assert body["reasoning"]["effort"] == "medium"
        house.assert_nothing_left()


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("client", CARRIERS)
async def test_sealed_thoughts_go_through_the_client_and_come_back(
    autojump_clock: Clock, client: str, *, stream: bool
) -> None:
    plays: dict[str, list[object]] = {
        "alice": [f"answer text=So. thinking='Let me look.' signature={PROOF} tool=Bash", "answer text=Done"]
    }
    async with opened(plays) as house:
        told = await ask(house, client, stream=stream)
        assert words(client, told) == "So."
        assert b"look." in told.body
        second = AGAIN[client](told, TURNS[client].first, stream=stream)
        again = await ask(house, client, second, stream=stream)
        assert words(client, again) == "Done"
        _, thought, said, call, result = sent(house, 1)["input"]
        assert thought["type"] == "reasoning"
        assert thought["summary"] == [{"type": "summary_text", "text": "Let me look."}]
        assert thought["encrypted_content"] == PROOF
        assert said == {"type": "message", "role": "assistant", "content": "So."}
        assert (call["name"], msgspec.json.decode(call["arguments"])["command"]) == ("Bash", "echo peekd")
        assert call["call_id"] == result["call_id"]
        assert RESULT in str(result["output"])
        house.assert_nothing_left()


async def test_a_chat_clients_call_is_answered_with_the_proofs_that_it_lost(autojump_clock: Clock) -> None:
    plays: dict[str, list[object]] = {"alice": ["answer text=So. thinking=Hm tool=Bash", "answer text=Done"]}
    async with opened(plays) as house:
        told = await ask(house, "openai-chat")
        again = await ask(house, "openai-chat", chat_again(told, TURNS["openai-chat"].first, stream=True))
        assert words("openai-chat", again) == "Done"
        kinds = [item["type"] for item in sent(house, 1)["input"]]
        assert kinds == ["message", "reasoning", "message", "function_call", "function_call_output"]
        assert again.record.restored == ("thinking",)


@pytest.mark.parametrize(
    ("act", "reasons"),
    [
        ("answer text=Once stop=max_tokens", {"max_tokens", "MAX_TOKENS", "length"}),
        ("refusal", {"refusal", "SAFETY", "content_filter"}),
    ],
)
async def test_an_incomplete_answer_is_one_and_says_why(
    autojump_clock: Clock, client: str, act: str, reasons: set[str]
) -> None:
    async with opened({"alice": [act], "bob": ["answer"]}) as house:
        told = await ask(house, client)
        assert stop(client, told) in reasons
        assert told.told == HEALED


async def test_an_upstream_that_does_not_stream_serves_every_form(autojump_clock: Clock, client: str) -> None:
    for stream in (True, False):
        async with opened({"alice": ["answer text=Hello thinking=Hm tool=Bash"]}, streams=False) as house:
            told = await ask(house, client, stream=stream)
            assert (told.status, words(client, told)) == (200, "Hello")
            assert "stream" not in sent(house, 0)


# ---- healing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("act", ["empty", "usage-only", "503", "429", "error", "error at=start", "no-credit"])
async def test_what_fails_before_a_word_is_had_from_another_account(
    autojump_clock: Clock, client: str, act: str, *, stream: bool
) -> None:
    async with opened({"alice": [act] * 3, "bob": ["answer text=Hello"]}) as house:
        told = await ask(house, client, stream=stream)
        assert (told.status, words(client, told)) == (200, "Hello")
        assert told.told[-1] == ("bob", "completed", "relay")
        house.assert_nothing_left()


async def test_a_limit_goes_to_another_account_and_leaves_the_one_alone(
    autojump_clock: Clock, client: str
) -> None:
    async with opened({"alice": ["429 retry-after=30"], "bob": ["answer text=Hello"] * 2}) as house:
        told = await ask(house, client)
        assert told.told == [("alice", "rate_limited", "rotate"), ("bob", "completed", "relay")]
        assert (await ask(house, client)).told == [("bob", "completed", "relay")]


async def test_a_failed_response_before_a_word_names_its_cause(autojump_clock: Clock, client: str) -> None:
    acts: list[object] = ["error at=start type=rate_limit_exceeded message='Please try again in 20s.'"]
    async with opened({"alice": acts, "bob": ["answer text=Hello"]}) as house:
        told = await ask(house, client)
        assert told.told == [("alice", "rate_limited", "rotate"), ("bob", "completed", "relay")]


async def test_a_silent_ending_is_blank_and_asked_for_once_more(autojump_clock: Clock, client: str) -> None:
    async with opened({"alice": ["blank", "answer text=Hello"]}) as house:
        told = await ask(house, client)
        assert words(client, told) == "Hello"
        assert [outcome for _, outcome, _ in told.told] == ["blank", "completed"]


@pytest.mark.parametrize("act", ["error at=middle", "cut", "no-stop", "drop"])
async def test_what_breaks_after_a_word_is_an_error_in_the_stream(
    autojump_clock: Clock, client: str, act: str
) -> None:
    async with opened({"alice": [f"{act} text='Hello there'"]}) as house:
        told = await ask(house, client)
        assert told.record.outcome == "broken"
        errors = {
            "anthropic": lambda: told.events[-1]["type"] == "error",
            "gemini": lambda: "error" in told.chunks[-1],
            "openai-chat": lambda: "error" in chat_datas(told)[-1] and b"[DONE]" not in told.body,
        }
        assert errors[client]()
        house.assert_nothing_left()


@pytest.mark.parametrize("client", CARRIERS)
async def test_thoughts_that_do_not_hold_are_left_out_once(autojump_clock: Clock, client: str) -> None:
    plays: dict[str, list[object]] = {
        "alice": ["answer text=So. thinking=Hm tool=Bash", "signature", "answer text=Done"]
    }
    async with opened(plays) as house:
        told = await ask(house, client)
        again = await ask(house, client, AGAIN[client](told, TURNS[client].first, stream=True))
        assert words(client, again) == "Done"
        assert again.told == [("alice", "signature", "repair"), ("alice", "completed", "relay")]
        assert "reasoning" in [item["type"] for item in sent(house, 1)["input"]]
        assert "reasoning" not in [item["type"] for item in sent(house, 2)["input"]]


async def test_the_requests_own_fault_is_told_at_once(autojump_clock: Clock, client: str) -> None:
    async with opened({"alice": ["400"], "bob": ["answer"]}) as house:
        told = await ask(house, client)
        assert told.status == 400
        assert len(house.simulator.requests) == 1


async def test_a_prompt_that_a_response_fails_by_is_the_clients_fault(
    autojump_clock: Clock, client: str
) -> None:
    acts: list[object] = ["error at=start type=context_length_exceeded message='Too long.'"]
    async with opened({"alice": acts, "bob": ["answer"]}) as house:
        told = await ask(house, client)
        assert (told.status, b"Too long." in told.body) == (400, True)
        assert len(house.simulator.requests) == 1


# ---- Codex before its own kind ------------------------------------------------------------------------


async def test_codex_compacts_through_peekd(autojump_clock: Clock) -> None:
    said = [{"role": "user", "content": "Say hello."}, {"type": "compaction_trigger"}]
    body = {"model": "gpt-5", "input": said, "store": False, "include": ["reasoning.encrypted_content"]}
    async with opened({"alice": ["answer"]}) as house:
        told = await house.ask(body, path="/v1/responses")
        done = [event["item"] for event in checked(told.body) if event["type"] == "response.output_item.done"]
        assert [item["type"] for item in done] == ["compaction"]
        assert told.told == HEALED


async def test_codex_gets_every_kind_of_call_as_it_offered_it(autojump_clock: Clock) -> None:
    inside = {"type": "function", "name": "close_agent", "parameters": SCHEMA, "strict": False}
    tools = [
        {"type": "custom", "name": "apply_patch"},
        {"type": "tool_search", "execution": "client"},
        {"type": "namespace", "name": "agents", "description": "x", "tools": [inside]},
    ]
    act = {"do": "answer", "tools": ["apply_patch", "tool_search", "close_agent"]}
    async with opened({"alice": [act]}) as house:
        told = await house.ask({"model": "gpt-5", "input": "Go.", "tools": tools}, path="/v1/responses")
        output = checked(told.body)[-1]["response"]["output"]
        kinds = [(item["type"], item.get("namespace")) for item in output]
        assert kinds == [
            ("custom_tool_call", None),
            ("tool_search_call", None),
            ("function_call", "agents"),
        ]
        assert output[0]["input"].startswith("*** Begin Patch\n")
