"""Routes: who serves when the target before has no account left, cannot be told, or nobody has the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import permutations
from typing import Any

import pytest
import trio
from playhouse import GREETING, HELLO, Playhouse, Told
from townhouse import open_townhouse

Clock = trio.testing.MockClock

PROTOCOLS = {"anna": "anthropic", "gina": "gemini", "carl": "openai-chat"}
"""Each account is the only one of an upstream of its own language."""

CHAT = {"model": "claude-opus-5-5", "messages": HELLO["messages"]}
TEXT = {"model": "claude-opus-5-5", "prompt": "Say hello."}
ITEM = {"model": "claude-opus-5-5", "input": "Say hello."}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/messages": HELLO,
    "/v1/chat/completions": CHAT,
    "/v1/completions": TEXT,
    "/v1/responses": ITEM,
}
PATHS = [*BODIES, "/v1beta"]
STORED = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
"""What only the vendor that stores it can be told."""


def open_town(
    to: Sequence[str], plays: Mapping[str, Sequence[object]], match: str = "claude-*", **more: Any
) -> AbstractAsyncContextManager[Playhouse]:
    """A house with one route, that leads to these accounts' upstreams in order."""
    goals = {"anna": "anthropic", "gina": "google/gemini-3-pro-preview", "carl": "chat/gpt-5"}
    return open_townhouse(
        {
            "anthropic": {"protocol": "anthropic"},
            "google": {"protocol": "gemini"},
            "chat": {"protocol": "openai-chat"},
        },
        accounts=[
            {"name": name, "upstream": goals[name].partition("/")[0], **more.get(name, {})} for name in plays
        ],
        plays=plays,
        routes=[{"match": match, "to": [goals[name] for name in to]}],
    )


def served(told: Told) -> list[tuple[str, str]]:
    return [(account, outcome) for account, outcome, _ in told.told]


LIMITS = {
    "anna": "429 retry-after=4000",
    "gina": "429 retry-info=4000s",
    "carl": {"do": "429", "headers": {"retry-after": "4000"}},
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("first", "then"), [*permutations(PROTOCOLS, 2)])
@pytest.mark.parametrize("path", PATHS)
async def test_the_next_target_serves_when_the_first_has_no_quota_left_whatever_it_speaks(
    autojump_clock: Clock, first: str, then: str, path: str, *, stream: bool
) -> None:
    plays = {first: [LIMITS[first]], then: ["answer text=Hello"] * 2}
    async with open_town([first, then], plays) as house:
        for outcomes in ([(first, "quota_exhausted"), (then, "completed")], [(then, "completed")]):
            if path == "/v1beta":
                verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
                told = await house.ask_gemini(GREETING, verb=verb, model="claude-opus-5-5")
            else:
                told = await house.ask(BODIES[path], stream=stream, path=path)
            assert (told.status, served(told)) == (200, outcomes)
            assert b"Hello" in told.body
        house.assert_nothing_left()


# ---- what one target cannot be told ------------------------------------------------------------------


async def test_a_target_that_cannot_be_told_the_request_is_passed_over(autojump_clock: Clock) -> None:
    body = {**HELLO, "messages": [{"role": "user", "content": [STORED, {"type": "text", "text": "hi"}]}]}
    plays = {"gina": ["answer text=No"], "carl": ["answer text=No"], "anna": ["answer text=Hello"]}
    async with open_town(["gina", "carl", "anna"], plays) as house:
        told = await house.ask(body)
        assert (told.text, served(told)) == ("Hello", [("anna", "completed")])
        passed = [entry.message for entry in told.entries if "is passed over" in entry.message]
        assert [words.split()[0] for words in passed] == ["google/gemini-3-pro-preview", "chat/gpt-5"]
        assert not house.simulators["google"].requests + house.simulators["chat"].requests
        house.assert_nothing_left()


async def test_where_no_target_can_be_told_the_first_ones_reason_is_the_clients(
    autojump_clock: Clock,
) -> None:
    body = {**HELLO, "messages": [{"role": "user", "content": [STORED]}]}
    plays = {"gina": ["answer"], "carl": ["answer"]}
    async with open_town(["gina", "carl"], plays) as house:
        told = await house.ask(body)
        assert (told.status, told.record.outcome, told.record.attempts) == (400, "rejected", [])
        assert "messages.0.content.0" in told.json["error"]["message"]
        assert all(state.in_flight == 0 for state in house.house.roster.states())
        house.assert_nothing_left()


async def test_a_target_that_can_be_told_and_rests_is_waited_for_and_not_the_requests_fault(
    autojump_clock: Clock,
) -> None:
    body = {**HELLO, "messages": [{"role": "user", "content": [STORED]}]}
    plays = {"gina": ["answer"], "anna": ["429 retry-after=4000"]}
    async with open_town(["gina", "anna"], plays) as house:
        told = await house.ask(body)
        assert (told.status, told.headers["retry-after"]) == (429, "4000")
        assert served(told) == [("anna", "quota_exhausted")]


# ---- unknown models ----------------------------------------------------------------------------------


async def ask_for(house: Playhouse, path: str, model: str) -> Told:
    if path == "/v1beta":
        return await house.ask_gemini(GREETING, model=model)
    return await house.ask({**BODIES[path], "model": model}, path=path)


ERRORS = {
    "/v1/messages": ("type", "not_found_error"),
    "/v1/chat/completions": ("code", "model_not_found"),
    "/v1/completions": ("code", "model_not_found"),
    "/v1/responses": ("code", "model_not_found"),
    "/v1beta": ("status", "NOT_FOUND"),
}


@pytest.mark.parametrize("path", ERRORS)
async def test_a_model_without_a_route_is_a_404_of_the_clients_own_with_near_names(
    autojump_clock: Clock, path: str
) -> None:
    async with open_town(["anna"], {"anna": ["answer"]}, match="claude-opus-5-5") as house:
        told = await ask_for(house, path, "claude-opsu-5")
        key, word = ERRORS[path]
        assert (told.status, told.json["error"][key]) == (404, word)
        assert "; near names: claude-opus-5-5 (peekd explain" in told.json["error"]["message"]


@pytest.mark.parametrize("path", ERRORS)
async def test_a_model_that_no_account_lists_is_a_404_with_near_names_too(
    autojump_clock: Clock, path: str
) -> None:
    lists = {"models": ["claude-haiku-4-5", "claude-opus-5-5"]}
    async with open_town(["anna"], {"anna": ["answer"]}, match="claude-*", anna=lists) as house:
        told = await ask_for(house, path, "claude-opus-9")
        assert told.status == 404
        said = told.json["error"]["message"]
        assert said.startswith("model: claude-opus-9: no account may serve it; near names: claude-opus-5-5")
        assert house.simulators["anthropic"].requests == []
        assert (await ask_for(house, path, "claude-haiku-4-5")).status == 200


async def test_a_model_that_the_upstream_does_not_know_is_told_with_near_names_across_protocols(
    autojump_clock: Clock,
) -> None:
    lists = {"models": ["claude-opus-5-5", "claude-*"]}
    async with open_town(["anna"], {"anna": ["404"]}, anna=lists) as house:
        told = await ask_for(house, "/v1/chat/completions", "claude-opus-9")
        assert told.status == 404
        assert "near names: claude-opus-5-5" in told.json["error"]["message"]


async def test_an_upstream_without_any_account_is_still_the_operators_to_mend(autojump_clock: Clock) -> None:
    async with open_town(["anna"], {"gina": ["answer"]}) as house:
        told = await house.ask()
        assert (told.status, told.headers["x-should-retry"]) == (503, "false")
        assert "/etc/peekd/peekd.toml" in told.json["error"]["message"]
