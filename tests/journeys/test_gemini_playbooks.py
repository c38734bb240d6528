"""Dialogues between peekd and a Gemini upstream, for a client that speaks Anthropic."""

from typing import Any

import msgspec
import pytest
import trio
from playhouse import HELLO, Told, open_playhouse
from rawhouse import open_rawhouse

Clock = trio.testing.MockClock

SHELL: dict[str, Any] = {
    "name": "Bash",
    "description": "Run a command.",
    "input_schema": {
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    },
}
THINKS: dict[str, Any] = {**HELLO, "thinking": {"type": "enabled", "budget_tokens": 1024}}


def content(told: Told) -> list[dict[str, Any]]:
    """The blocks of an answer, folded from its stream by hand."""
    if not told.events or told.events[0].get("type") != "message_start":
        return told.json["content"]
    blocks: list[dict[str, Any]] = []
    for event in told.events:
        match event["type"]:
            case "content_block_start":
                assert event["index"] == len(blocks)
                blocks.append({**event["content_block"], "arguments": ""})
            case "content_block_delta":
                add(blocks[int(event["index"])], event["delta"])
            case _:
                pass
    for block in blocks:
        arguments = block.pop("arguments")
        if block["type"] == "tool_use":
            block["input"] = msgspec.json.decode(arguments)
    return blocks


def add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    """Lay one delta onto its block."""
    for name in ("text", "thinking", "signature"):
        if name in delta:
            block[name] = block.get(name, "") + delta[name]
    block["arguments"] += delta.get("partial_json", "")


def stop_reason(told: Told) -> str:
    deltas = [event for event in told.events if event["type"] == "message_delta"]
    return deltas[-1]["delta"]["stop_reason"]


@pytest.mark.parametrize("stream", [True, False])
async def test_words_thoughts_and_usage_arrive_in_the_clients_own_language(
    autojump_clock: Clock, *, stream: bool
) -> None:
    async with open_playhouse({"alice": ["answer text=Hello thinking=Hmm"]}, protocol="gemini") as house:
        told = await house.ask(THINKS, stream=stream)
        kinds = [(block["type"], block.get("thinking", block.get("text"))) for block in content(told)]
        assert kinds[:2] == [("thinking", "Hmm"), ("text", "Hello")]
        assert told.headers["x-mapped-model"] == "gemini-3-pro-preview"
        start = told.events[0]["message"] if stream else told.json
        assert start["model"] == "claude-opus-5-5"
        assert told.record.usage.output
        house.assert_nothing_left()


async def test_a_client_that_does_not_think_sees_no_thoughts(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer text=Hello thinking=Hmm"]}, protocol="gemini") as house:
        assert [block["type"] for block in content(await house.ask())] == ["text"]


async def test_a_client_that_asks_for_thoughts_to_be_omitted_gets_their_proof_alone(
    autojump_clock: Clock,
) -> None:
    body = {**HELLO, "thinking": {"type": "adaptive", "display": "omitted"}, "tools": [SHELL]}
    async with open_playhouse({"alice": ["answer tool=Bash thinking=Hmm"]}, protocol="gemini") as house:
        blocks = content(await house.ask(body))
        assert [block["type"] for block in blocks] == ["thinking", "tool_use"]
        assert blocks[0]["thinking"] == ""
        assert blocks[0]["signature"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_tool_call_and_its_result_go_round_with_the_signature(
    autojump_clock: Clock, *, stream: bool
) -> None:
    plays = {"alice": ["answer tool=Bash", "answer text=Done"]}
    async with open_playhouse(plays, protocol="gemini") as house:
        asked = {**THINKS, "tools": [SHELL]}
        first = await house.ask(asked, stream=stream)
        blocks = content(first)
        call = blocks[-1]
        assert call["type"] == "tool_use"
        assert isinstance(call["input"], dict)
        answered = {"type": "tool_result", "tool_use_id": call["id"], "content": "peekd"}
        turns = [
            *asked["messages"],
            {"role": "assistant", "content": blocks},
            {"role": "user", "content": [answered]},
        ]
        told = await house.ask({**asked, "messages": turns}, stream=stream)
        assert told.text == "Done"
        sent = msgspec.json.decode(house.simulator.requests[1].body)
        calls = [part for turn in sent["contents"] for part in turn["parts"] if "functionCall" in part]
        results = [part for turn in sent["contents"] for part in turn["parts"] if "functionResponse" in part]
        carried = house.house.seal.unwrap(blocks[0]["signature"])
        assert carried is not None
        assert (carried.family, carried.kind, carried.proof) == (
            "gemini",
            "call",
            calls[0]["thoughtSignature"],
        )
        assert results[0]["functionResponse"]["name"] == "Bash"


async def test_parallel_calls_keep_their_order_and_have_ids_of_their_own(autojump_clock: Clock) -> None:
    act: dict[str, Any] = {
        "do": "answer",
        "tools": [{"name": "Bash", "input": {"command": "a"}}, {"name": "Bash", "input": {}}],
    }
    async with open_playhouse({"alice": [act]}, protocol="gemini") as house:
        told = await house.ask({**HELLO, "tools": [SHELL]})
        calls = [block for block in content(told) if block["type"] == "tool_use"]
        assert [call["input"] for call in calls] == [{"command": "a"}, {}]
        assert len({call["id"] for call in calls}) == 2
        assert stop_reason(told) == "tool_use"


@pytest.mark.parametrize(
    ("act", "outcome", "move"),
    [
        ("429 retry-info=12s", "rate_limited", "rotate"),
        ("429 quota=GenerateRequestsPerDay", "quota_exhausted", "rotate"),
        ("bad-key", "unauthorized", "rotate"),
        ("403", "forbidden", "rotate"),
        ("404", "model_not_found", "rotate"),
        ("500", "server_error", "rotate"),
        ("503", "overloaded", "again"),
        ("empty", "empty", "again"),
        ("usage-only", "empty", "again"),
        ("thinking-only thinking=''", "empty", "again"),
        ("malformed-call", "malformed", "again"),
        ("blank", "blank", "again"),
        ("error status=503", "overloaded", "again"),
        ("close", "unreachable", "again"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_what_is_no_answer_is_healed_unseen(
    autojump_clock: Clock, act: str, outcome: str, move: str, *, stream: bool
) -> None:
    plays = {"alice": [act, "answer text=Hello"], "bob": ["answer text=Hello"]}
    async with open_playhouse(plays, protocol="gemini") as house:
        told = await house.ask(stream=stream)
        assert (told.record.attempts[0].outcome, told.record.attempts[0].move) == (outcome, move)
        assert told.text == "Hello"
        house.assert_nothing_left()


async def test_a_blocked_prompt_is_an_answer_and_not_retried(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["blocked"], "bob": ["answer"]}, protocol="gemini") as house:
        told = await house.ask()
        assert stop_reason(told) == "refusal"
        assert len(told.record.attempts) == 1


async def test_a_daily_quota_rests_the_account_and_names_no_upstream_detail(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["429 quota=RequestsPerDay"]}, protocol="gemini") as house:
        told = await house.ask(stream=False)
        assert told.status == 429
        assert b"QuotaFailure" not in told.body
        assert int(told.headers["retry-after"]) >= 1


@pytest.mark.parametrize("act", ["cut", "no-stop", "cut-tool tool=Bash", "error at=middle"])
async def test_a_broken_stream_ends_in_one_anthropic_error(autojump_clock: Clock, act: str) -> None:
    async with open_playhouse({"alice": [act]}, protocol="gemini") as house:
        told = await house.ask({**THINKS, "tools": [SHELL]})
        assert told.kinds[-1] == "error"
        assert "message_stop" not in told.kinds
        assert b"event: error\n" in told.body


async def test_an_upstreams_400_is_told_in_the_clients_shape(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["400 message=bad-schema"]}, protocol="gemini") as house:
        told = await house.ask()
        assert told.status == 400
        assert told.json["type"] == "error"
        assert told.json["error"]["type"] == "invalid_request_error"
        assert "bad-schema" in told.json["error"]["message"]


async def test_a_signature_error_is_repaired_once(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["signature", "answer text=Hello"]}, protocol="gemini") as house:
        told = await house.ask(THINKS)
        assert told.told == [("alice", "signature", "repair"), ("alice", "completed", "relay")]


async def test_what_gemini_cannot_say_is_recorded(autojump_clock: Clock) -> None:
    body: dict[str, Any] = {**HELLO, "context_management": {"edits": []}}
    async with open_playhouse({"alice": ["answer"]}, protocol="gemini") as house:
        assert "context_management" in (await house.ask(body)).record.dropped


async def test_a_request_that_cannot_be_said_is_a_400_and_no_account_is_asked(autojump_clock: Clock) -> None:
    body = {**HELLO, "messages": [{"role": "user", "content": 7}]}
    async with open_playhouse({"alice": ["answer"]}, protocol="gemini") as house:
        told = await house.ask(body)
        assert told.status == 400
        assert "messages.0.content" in told.json["error"]["message"]
        assert house.simulator.requests == []
        house.assert_nothing_left()


async def test_a_picture_in_the_answer_that_the_client_cannot_be_shown_is_recorded(
    autojump_clock: Clock,
) -> None:
    picture = {
        "candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}}]
    }
    end = {"candidates": [{"content": {"parts": [{"text": "Look."}]}, "finishReason": "STOP"}]}
    frames = b"".join(b"data: %b\r\n\r\n" % msgspec.json.encode(one) for one in (picture, end))
    async with open_rawhouse([frames], protocol="gemini") as (house, _):
        told = await house.ask()
        assert told.text == "Look."
        assert "answer.image/png" in told.record.dropped


# ---- thoughts -------------------------------------------------------------------------------------

CHAT = "/v1/chat/completions"
ASKS: list[tuple[str, dict[str, Any], bool]] = [
    ("/v1/messages", {"thinking": {"type": "adaptive"}}, True),
    ("/v1/messages", {"thinking": {"type": "adaptive", "display": "omitted"}}, True),
    ("/v1/messages", {"thinking": {"type": "enabled", "budget_tokens": 1024}}, True),
    ("/v1/messages", {"thinking": {"type": "disabled"}}, False),
    ("/v1/messages", {}, False),
    (CHAT, {"reasoning_effort": "low"}, True),
    (CHAT, {"reasoning_effort": "none"}, False),
]


@pytest.mark.parametrize(("path", "more", "asked"), ASKS)
@pytest.mark.parametrize("platform", [None, "code-assist"])
async def test_thoughts_are_asked_for_wherever_thinking_is_on(
    autojump_clock: Clock, path: str, more: dict[str, Any], platform: str | None, *, asked: bool
) -> None:
    acts: dict[str, list[object]] = {"alice": ["answer text=Hello"]}
    async with open_playhouse(acts, models="*", protocol="gemini", platform=platform) as house:
        told = await house.ask({**HELLO, **more}, path=path)
        assert told.status == 200
        assert house.simulator.requests[0].asked.thinks is asked


async def test_a_gemini_clients_request_gets_no_wish_for_thoughts(autojump_clock: Clock) -> None:
    async with open_playhouse({"alice": ["answer text=Hello"]}, models="*", protocol="gemini") as house:
        await house.ask_gemini()
        assert b"thinkingConfig" not in house.simulator.requests[0].body
