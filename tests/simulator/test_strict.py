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


# ---- OpenAI -----------------------------------------------------------------------------------------

SEALED: Block = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [],
    "encrypted_content": sign("openai-responses", "gpt-5", "hm", "hm"),
}
TOLD: Block = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]}
SPOKEN: Block = {"role": "assistant", "content": "x"}
CALLED: Block = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
GIVEN: Block = {"type": "function_call_output", "call_id": "c", "output": "x"}
ASKED: Block = {"role": "user", "content": "go"}


def responses(*items: Block) -> tuple[str, str, int]:
    """The refusal of a request with these items: its words, its name, its status."""
    body = msgspec.json.encode({"model": "gpt-5", "input": [ASKED, *items]})
    act = Strict().refusal(read_asked("POST", "/v1/responses", {}, body, 2), body)
    return (act.message, act.refusal, act.status) if act else ("", "", 0)


@pytest.mark.parametrize(
    "led", [TOLD, CALLED, SEALED | {"id": "rs_2"}, {"role": "assistant", "content": "x"}]
)
def test_sealed_thoughts_right_before_what_they_led_to_are_taken(led: Block) -> None:
    assert responses(SEALED, led, TOLD, ASKED) == ("", "", 0)


@pytest.mark.parametrize(
    "wrong", ["gAAAAA" * 20, "peekd1.gemini.x.y.z", sign("gemini", "gemini-3", "hm", "hm")]
)
def test_altered_and_foreign_content_cannot_be_verified(wrong: str) -> None:
    for kind in ("reasoning", "compaction"):
        words, refusal, status = responses(SEALED | {"type": kind, "encrypted_content": wrong}, TOLD)
        assert words.startswith(f"The encrypted content {wrong[:4]}...{wrong[-4:]} could not be verified.")
        assert (refusal, status) == ("signature", 0)


@pytest.mark.parametrize("follower", [(), (ASKED,), (GIVEN,)])
def test_thoughts_that_lost_what_they_led_to_are_refused(follower: tuple[Block, ...]) -> None:
    words = "Item 'rs_1' of type 'reasoning' was provided without its required following item."
    assert responses(CALLED, SEALED, *follower) == (words, "400", 0)


def test_thoughts_that_are_stored_nowhere_are_not_found() -> None:
    bare = {key: value for key, value in SEALED.items() if key != "encrypted_content"}
    words, refusal, status = responses(bare, TOLD)
    assert words.startswith("Item with id 'rs_1' not found.")
    assert (refusal, status) == ("400", 404)
    del bare["id"]
    assert responses(bare, TOLD) == ("", "", 0)
