"""Signatures at upstreams that speak OpenAI's languages: Google's own, gateways to Claude, OpenAI itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
import trio
from playhouse import Playhouse, Told, open_playhouse

from peekd.simulator.script import Script

Clock = trio.testing.MockClock

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
GEMINI = "gemini-3-pro-preview"
STAND_IN = "skip_thought_signature_validator"
SIGNATURE = "c2lnbmVkIGJ5IGEgR2VtaW5p" * 4
MISSING = (
    "Function call is missing a thought_signature in functionCall parts. This is required for tools to work "
    "correctly. Additional data, function call `default_api:read` , position 2."
)
UNKNOWN_FIELD = "'messages.1.tool_calls.0' : property 'extra_content' is unsupported"
HEALED = [("signature", "repair"), ("completed", "relay")]


def refused(words: str) -> dict[str, object]:
    return {"do": "signature", "type": "invalid_request_error", "message": words}


def turn(model: str, signature: str = "", **thoughts: Any) -> dict[str, Any]:
    """A Chat client's request in the middle of a tool loop."""
    call: dict[str, Any] = {"id": "a", "type": "function", "function": {"name": "read", "arguments": "{}"}}
    if signature:
        call["extra_content"] = {"google": {"thought_signature": signature}}
    answer = {"role": "assistant", "content": None, "tool_calls": [call], **thoughts}
    result = {"role": "tool", "tool_call_id": "a", "content": "done"}
    return {"model": model, "messages": [{"role": "user", "content": "read"}, answer, result]}


def sent(house: Playhouse) -> list[list[str]]:
    """The signatures on calls in each request that went upstream."""
    bodies = [msgspec.json.decode(seen.body, type=dict[str, Any]) for seen in house.simulator.requests]
    return [[_signature(one) for m in body["messages"] for one in m.get("tool_calls", ())] for body in bodies]


def _signature(call: Mapping[str, Any]) -> str:
    return call.get("extra_content", {}).get("google", {}).get("thought_signature", "")


def moves(told: Told) -> list[tuple[str, str]]:
    return [(one.outcome, one.move) for one in told.record.attempts]


async def test_a_call_that_lost_its_signature_is_repaired_with_the_stand_in(autojump_clock: Clock) -> None:
    async with open_playhouse(
        {"alice": [refused(MISSING), "answer"]}, protocol="openai-chat", models="*"
    ) as house:
        told = await house.ask(turn(GEMINI), path=CHAT)
        assert (told.status, moves(told)) == (200, HEALED)
        assert sent(house) == [[""], [STAND_IN]]
        assert told.record.spliced == (
            "stream_options.include_usage",
            "messages[].tool_calls[].extra_content",
        )


async def test_a_second_refusal_is_the_clients(autojump_clock: Clock) -> None:
    plays: list[object] = [refused(MISSING), refused(MISSING), "answer"]
    async with open_playhouse({"alice": plays}, protocol="openai-chat", models="*") as house:
        told = await house.ask(turn(GEMINI), path=CHAT)
        assert told.status == 400
        assert told.json["error"]["message"] == MISSING
        assert len(told.record.attempts) == 2


@pytest.mark.parametrize(
    "words",
    ["messages.1.content.0: Invalid `signature` in `thinking` block", "Corrupted thought signature."],
)
async def test_what_gateways_to_claude_and_gemini_say_is_repaired(autojump_clock: Clock, words: str) -> None:
    proved: dict[str, Any] = {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "x"}]}
    async with open_playhouse(
        {"alice": [refused(words), "answer"]}, protocol="openai-chat", models="*"
    ) as house:
        told = await house.ask(turn("claude-opus-5-5", **proved), path=CHAT)
        assert (told.status, moves(told)) == (200, HEALED)
        assert b"thinking_blocks" not in house.simulator.requests[-1].body
        assert STAND_IN.encode() not in house.simulator.requests[-1].body


async def test_a_clients_own_signatures_go_to_every_chat_upstream_as_they_came(autojump_clock: Clock) -> None:
    """Verbatim is verbatim; where an upstream does not know the field and says so, it is repaired."""
    plays: list[object] = ["answer", refused(UNKNOWN_FIELD), "answer", "answer"]
    async with open_playhouse({"alice": plays}, protocol="openai-chat", models="*") as house:
        tolds = [await house.ask(turn("gpt-5", SIGNATURE), path=CHAT) for _ in range(3)]
        assert [moves(told) for told in tolds] == [[HEALED[1]], HEALED, [HEALED[1]]]
        assert sent(house) == [[SIGNATURE], [SIGNATURE], [""], [""]]


async def test_a_400_that_only_says_invalid_argument_is_the_clients_at_once(autojump_clock: Clock) -> None:
    words = "Request contains an invalid argument."
    plays: list[object] = [refused(words) | {"do": "400"}]
    async with open_playhouse({"alice": plays}, protocol="openai-chat", models="*") as house:
        told = await house.ask(turn(GEMINI, SIGNATURE), path=CHAT)
        assert (told.status, moves(told)) == (400, [("rejected", "give_up")])


async def test_clients_of_other_protocols_keep_signatures_behind_chat(autojump_clock: Clock) -> None:
    """A Gemini client's own signature stands on the call again; one that is not there gets the stand-in."""
    calls: list[dict[str, Any]] = [
        {"functionCall": {"name": "read", "args": {}}, "thoughtSignature": SIGNATURE}
    ]
    result = {"functionResponse": {"name": "read", "response": {"output": "done"}}}
    contents = [
        {"role": "user", "parts": [{"text": "read"}]},
        {"role": "model", "parts": calls},
        {"role": "user", "parts": [result]},
    ]
    async with open_playhouse({"alice": ["answer", "answer"]}, protocol="openai-chat", models="*") as house:
        await house.ask_gemini({"contents": contents}, model=GEMINI)
        del calls[0]["thoughtSignature"]
        await house.ask_gemini({"contents": contents}, model="gemini-3.5-flash")
        assert sent(house) == [[SIGNATURE], [SIGNATURE]], "the second is put back: it was seen on that call"


@pytest.mark.parametrize("words", ["invalid_encrypted_content", "could not be verified"])
async def test_encrypted_thoughts_that_responses_upstreams_refuse_are_repaired(
    autojump_clock: Clock, words: str
) -> None:
    said = {} if words.startswith("invalid") else {"message": f"The encrypted content gAAA... {words}."}
    sealed: dict[str, Any] = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "encrypted_content": "gAAAA" * 20,
    }
    answer = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]}
    given: list[dict[str, Any]] = [
        {"role": "user", "content": "a"},
        sealed,
        answer,
        {"role": "user", "content": "b"},
    ]
    plays: list[object] = [{"do": "signature"} | said, "answer"]
    async with open_playhouse({"alice": plays}, protocol="openai-responses", models="*") as house:
        told = await house.ask({"model": "gpt-5", "input": given}, path=RESPONSES)
        assert (told.status, moves(told)) == (200, HEALED)
        assert [b"reasoning" in seen.body for seen in house.simulator.requests] == [True, False]


async def test_thoughts_that_nobody_stored_or_that_lost_their_item_are_repaired(
    autojump_clock: Clock,
) -> None:
    """A 404 that names one; all thoughts go, with content or without."""
    answer = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]}
    asked: list[dict[str, Any]] = [{"role": "user", "content": word} for word in ("a", "b")]
    stored: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": []}
    async with open_playhouse(
        Script.of({"alice": ["answer"] * 2}, strict=True), protocol="openai-responses", models="*"
    ) as house:
        told = await house.ask(
            {"model": "gpt-5", "input": [asked[0], stored, answer, asked[1]]}, path=RESPONSES
        )
        assert (told.status, moves(told)) == (200, HEALED)
        assert b"reasoning" not in house.simulator.requests[-1].body
