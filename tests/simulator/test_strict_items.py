"""The strict simulator refuses encrypted thoughts that OpenAI refuses, in its words, and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.simulator.asked import read_asked
from peekd.simulator.signing import sign
from peekd.simulator.strict import Strict

Block = dict[str, Any]

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
