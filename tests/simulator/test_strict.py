"""The strict simulator refuses what the vendors refuse, in their words, and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.simulator.acts import Act, ToolUse
from peekd.simulator.asked import read_asked
from peekd.simulator.signing import call_text, sign
from peekd.simulator.strict import Strict

Block = dict[str, Any]

SIGNATURE = sign("anthropic", "claude-x", "hm", "hm")
THOUGHT: Block = {"type": "thinking", "thinking": "hm", "signature": SIGNATURE}
HIDDEN: Block = THOUGHT | {"thinking": ""}
SAID: Block = {"type": "text", "text": "words"}
CALL: Block = {"type": "tool_use", "id": "toolu_sim000001_0", "name": "f", "input": {}}
RESULT: Block = {"type": "tool_result", "tool_use_id": "toolu_sim000001_0", "content": "x"}
ENABLED: Block = {"type": "enabled", "budget_tokens": 1024}
ADAPTIVE: Block = {"type": "adaptive"}


def claude(
    *blocks: Block, thinking: Block = ADAPTIVE, then: Block = RESULT, strict: Strict | None = None
) -> str:
    """What is said of a request whose last answer was these blocks."""
    messages = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [*blocks]},
        {"role": "user", "content": [then]},
    ]
    body = msgspec.json.encode({"model": "claude-x", "thinking": thinking, "messages": messages})
    asked = read_asked("POST", "/v1/messages", {}, body, 2)
    act = (strict or Strict()).refusal(asked, body)
    return act.message if act else ""


@pytest.mark.parametrize("thinking", [ENABLED, ADAPTIVE])
@pytest.mark.parametrize("thought", [THOUGHT, HIDDEN, {"type": "redacted_thinking", "data": SIGNATURE}])
def test_thoughts_as_they_came_are_taken(thought: Block, thinking: Block) -> None:
    assert claude(thought, SAID, CALL, thinking=thinking) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        THOUGHT | {"thinking": "ho"},
        THOUGHT | {"signature": ""},
        THOUGHT | {"signature": "skip_thought_signature_validator"},
        THOUGHT | {"signature": sign("gemini", "gemini-3", "hm", "hm")},
        {"type": "redacted_thinking", "data": "x"},
    ],
)
def test_altered_and_foreign_thoughts_are_refused_wherever_they_stand(wrong: Block) -> None:
    words = "messages.1.content.1: Invalid `signature` in `thinking` block"
    assert claude(SAID, wrong, CALL) == words
    assert claude(SAID, wrong, SAID, then=SAID) == words


def test_thoughts_without_a_signature_are_refused() -> None:
    assert claude({"type": "thinking", "thinking": "hm"}, CALL).endswith("thinking.signature: Field required")


def test_a_turn_that_ends_with_a_thought_is_refused() -> None:
    assert "final block" in claude(SAID, THOUGHT, then=SAID)


def test_with_a_budget_the_answered_turn_must_begin_with_a_thought() -> None:
    assert claude(SAID, CALL, thinking=ENABLED).startswith("messages.1.content.0.type: Expected `thinking`")
    assert claude(SAID, CALL) == claude(SAID, then=SAID, thinking=ENABLED) == ""


def test_thoughts_of_the_latest_answer_come_back_whole_and_in_order_or_not_at_all() -> None:
    strict = Strict()
    body = msgspec.json.encode({"model": "claude-x", "thinking": ADAPTIVE, "messages": []})
    asked = read_asked("POST", "/v1/messages", {}, body, 1)
    strict.note(asked, Act("answer", thinking="hm", signature=SIGNATURE, tools=(ToolUse("f"),)))
    assert claude(THOUGHT, CALL, strict=strict) == claude(CALL, strict=strict) == ""
    more: Block = {"type": "thinking", "thinking": "a", "signature": sign("anthropic", "claude-x", "a", "a")}
    for wrong in ([THOUGHT, more, CALL], [more, CALL], [SAID, THOUGHT, CALL]):
        assert "cannot be modified" in claude(*wrong, strict=strict)


# ---- Gemini -----------------------------------------------------------------------------------------


def part(signature: str | None = None, **arguments: object) -> Block:
    call: Block = {"functionCall": {"name": "f", "args": arguments}}
    return call if signature is None else call | {"thoughtSignature": signature}


GEMINIS = sign("gemini", "gemini-3-pro", "hm", call_text("f", {}))
ANSWER: Block = {"functionResponse": {"name": "f", "response": {}}}
WORDS: Block = {"text": "go"}


def gemini(*contents: tuple[str, list[Block]], model: str = "gemini-3-pro-preview") -> str:
    body = msgspec.json.encode({"contents": [{"role": role, "parts": parts} for role, parts in contents]})
    asked = read_asked("POST", f"/v1beta/models/{model}:generateContent", {}, body, 1)
    act = Strict().refusal(asked, body)
    return act.message if act else ""


def test_each_step_of_the_current_turn_needs_a_signature_on_its_first_call() -> None:
    first = (("user", [WORDS]), ("model", [part(GEMINIS), part(x=1)]), ("user", [ANSWER, ANSWER]))
    assert gemini(*first) == ""
    missing = gemini(*first, ("model", [part(x=1), part(GEMINIS)]), ("user", [ANSWER]))
    assert "missing a thought_signature" in missing
    assert "function call `default_api:f` , position 4" in missing


def test_finished_turns_and_older_models_need_none() -> None:
    finished = (
        ("user", [WORDS]),
        ("model", [part()]),
        ("user", [ANSWER]),
        ("model", [WORDS]),
        ("user", [WORDS]),
    )
    assert gemini(*finished) == ""
    assert gemini(*finished[:3], model="gemini-2.5-pro") == ""


@pytest.mark.parametrize(
    "stand_in", ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"]
)
def test_the_documented_stand_ins_are_taken(stand_in: str) -> None:
    assert gemini(("user", [WORDS]), ("model", [part(stand_in)]), ("user", [ANSWER])) == ""


@pytest.mark.parametrize("wrong", ["x", SIGNATURE, ""])
def test_a_signature_that_is_not_geminis_is_refused_in_any_turn(wrong: str) -> None:
    turns = (("user", [WORDS]), ("model", [part(wrong)]), ("user", [ANSWER]), ("model", [WORDS]))
    assert gemini(*turns, ("user", [WORDS])) == "Corrupted thought signature."


def test_a_signature_on_another_call_is_refused() -> None:
    turns = (("user", [WORDS]), ("model", [part(GEMINIS, x=1)]), ("user", [ANSWER]))
    assert gemini(*turns) == "Corrupted thought signature."


def test_other_languages_and_paths_are_not_judged() -> None:
    body = b'{"model":"gpt","messages":[{"role":"assistant","content":"x"}]}'
    for path in ("/v1/chat/completions", "/v1/messages/count_tokens", "/v1/models"):
        assert Strict().refusal(read_asked("POST", path, {}, body, 1), body) is None
