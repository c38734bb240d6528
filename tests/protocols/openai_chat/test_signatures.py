"""Gemini's signatures in a Chat request: who gets them, and what becomes of those that were refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.interface import Splices
from peekd.protocols.openai_chat.compose import encode_request
from peekd.protocols.openai_chat.signatures import STAND_IN
from peekd.protocols.openai_chat.splice import splice_request
from peekd.signatures.proofs import proof_digest
from peekd.vocabulary.conversation import Conversation, Family, Text, ToolCall, ToolResult, Turn

PATH = "/v1/chat/completions"
GEMINI = "gemini-3-pro-preview"


def call(name: str, signature: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {"id": name, "type": "function", "function": {"name": name, "arguments": "{}"}}
    return made | ({"extra_content": {"google": {"thought_signature": signature}}} if signature else {})


def asked(model: str, *calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [*calls]}
    results = [{"role": "tool", "tool_call_id": one["id"], "content": "done"} for one in calls]
    messages = [{"role": "user", "content": "a"}, answer | more, *results]
    return {"model": model, "stream": False, "messages": messages}


def spliced(body: dict[str, Any], **splices: Any) -> tuple[list[str], dict[str, Any], tuple[str, ...]]:
    """The signatures on the calls, the message that has them, and the names of what was changed."""
    made = splice_request(msgspec.json.encode(body), PATH, Splices(stream=False, **splices))
    said = msgspec.json.decode(made.body)["messages"]
    return signatures(said), said[1], made.spliced


def signatures(messages: list[dict[str, Any]]) -> list[str]:
    calls = [one for message in messages for one in message.get("tool_calls", ())]
    return [one.get("extra_content", {}).get("google", {}).get("thought_signature", "") for one in calls]


def test_a_clients_own_signatures_go_as_they_came() -> None:
    """Verbatim is verbatim, whoever is asked."""
    for model in (GEMINI, "gpt-5"):
        body = asked(model, call("a", "sig"), call("b"))
        made = splice_request(msgspec.json.encode(body), PATH, Splices(stream=False))
        assert made.body == msgspec.json.encode(body)


def test_repaired_there_is_none_and_gemini_gets_the_stand_in() -> None:
    told, _, names = spliced(asked(GEMINI, call("a", "sig"), call("b", "other")), repaired=True)
    assert (told, names) == ([STAND_IN, ""], ("messages[].tool_calls[].extra_content",))
    told, message, _ = spliced(asked("gpt-5", call("a", "sig"), call("b")), repaired=True)
    assert told == ["", ""]
    assert message["tool_calls"] == [call("a"), call("b")]


def test_a_mapped_model_is_the_one_that_counts() -> None:
    assert spliced(asked("best", call("a")), repaired=True, model=GEMINI)[0] == [STAND_IN]
    assert spliced(asked(GEMINI, call("a")), repaired=True, model="claude-opus-5-5")[0] == [""]


def test_what_is_known_comes_back_on_calls_that_have_none() -> None:
    told, _, _ = spliced(asked(GEMINI, call("a"), call("b")), careful=True, signatures=("real", ""))
    assert told == ["real", ""]


def test_what_was_refused_does_not_go_again_and_all_else_stays() -> None:
    refused = frozenset({proof_digest("bad")})
    told, _, _ = spliced(asked(GEMINI, call("a", "bad"), call("b", "good")), careful=True, unreadable=refused)
    assert told == [STAND_IN, "good"]
    told, _, _ = spliced(asked("gpt-5", call("a", "bad"), call("b", "good")), unreadable=refused)
    assert told == ["", "good"]


def test_an_earlier_turn_needs_no_stand_in() -> None:
    body = asked(GEMINI, call("a", "sig"))
    body["messages"].append({"role": "user", "content": "go on"})
    assert spliced(body, repaired=True)[0] == [""]


def test_the_thoughts_of_gateways_go_with_their_proofs() -> None:
    thoughts: dict[str, Any] = {
        "reasoning_details": [{"type": "reasoning.encrypted"}],
        "thinking_blocks": [{}],
        "reasoning": "x",
    }
    _, message, names = spliced(asked("gpt-5", call("a"), **thoughts), repaired=True)
    assert message.keys() == {"role", "content", "tool_calls"}
    assert names == ("messages[].reasoning_content",)


@pytest.mark.parametrize("extra", [None, 7, {"google": None}, {"google": {"thought_signature": 7}}])
def test_whatever_else_a_client_writes_there_is_no_signature(extra: object) -> None:
    odd = call("a") | {"extra_content": extra}
    assert spliced(asked(GEMINI, odd), repaired=True)[0] == [STAND_IN]
    made = splice_request(
        msgspec.json.encode(asked("gpt-5", odd)), PATH, Splices(stream=False, repaired=True)
    )
    assert msgspec.json.decode(made.body)["messages"][1]["tool_calls"] == [odd]


@pytest.mark.parametrize(
    ("model", "family", "kept", "expected"),
    [
        (GEMINI, "gemini", "", "sig"),
        ("google/gemini-2.5-pro", "gemini", "", "sig"),
        ("gpt-5", "gemini", "", ""),
        (GEMINI, "anthropic", "", STAND_IN),
        ("gemini-2.5-pro", "anthropic", "", ""),
        (GEMINI, "gemini", "repaired", STAND_IN),
    ],
)
def test_translated_a_signature_goes_to_the_family_that_made_it(
    model: str, family: Family, kept: str, expected: str
) -> None:
    turns = (
        Turn("user", (Text("a"),)),
        Turn("assistant", (ToolCall("a", "read", {}, "sig", family),)),
        Turn("user", (ToolResult("a", (Text("done"),)),)),
    )
    made = encode_request(Conversation("m", turns), model=model, repaired=kept == "repaired")
    assert signatures(msgspec.json.decode(made.body)["messages"]) == [expected]
    assert ("signature" in made.dropped) is (expected != "sig")
