"""What the benchmark asks: valid requests of about the size that was wanted."""

from __future__ import annotations

import json

import pytest
from asks import ASKS, KEY, ask


@pytest.mark.parametrize("tongue", ASKS)
@pytest.mark.parametrize("size", [500_000, 1_000_000])
def test_an_agents_request_is_about_as_long_as_asked_for(tongue: str, size: int) -> None:
    assert 0.9 * size < len(ask(tongue, "sim-1-0", size).body) < 1.1 * size


@pytest.mark.parametrize("tongue", ASKS)
def test_a_short_one_is_short(tongue: str) -> None:
    assert len(ask(tongue, "sim-1-0").body) < 3000


@pytest.mark.parametrize("tongue", ASKS)
def test_on_the_wire_it_has_its_key_and_its_length(tongue: str) -> None:
    asked = ask(tongue, "sim-1-0")
    head, _, body = asked.http().partition(b"\r\n\r\n")
    assert body == asked.body
    assert f"content-length: {len(body)}".encode() in head
    assert head.count(KEY.encode()) == 3
    assert head.startswith(f"POST {asked.path} HTTP/1.1\r\n".encode())


def test_every_call_of_an_anthropic_agent_has_its_result_in_the_next_turn() -> None:
    messages = json.loads(ask("anthropic", "sim-1-0", 100_000).body)["messages"]
    calls = [message["content"][1]["id"] for message in messages[1::2]]
    results = [message["content"][0]["tool_use_id"] for message in messages[2::2]]
    assert calls == results
    assert len(calls) > 10


@pytest.mark.parametrize("tongue", ASKS)
def test_the_model_is_named_once(tongue: str) -> None:
    asked = ask(tongue, "claude-sim-9-8", 50_000)
    assert (asked.path.encode() + asked.body).count(b"sim-") == 1
