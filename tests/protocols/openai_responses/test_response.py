"""The response object: read by OpenAI's types, and true to what was asked."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openai.types.responses import Response
from responses import checked

from peekd.protocols.openai_responses.response import Stream, bare, echo, told_usage
from peekd.vocabulary.conversation import Conversation, Thought, ToolChoice
from peekd.vocabulary.errors import ErrorKind, Fault
from peekd.vocabulary.events import Usage


def said_of(asked: Conversation) -> dict[str, Any]:
    stream = Stream("resp_1", 7, echo(asked))
    last = checked(stream.begin() + stream.end([], None, None))[-1]["response"]
    Response.model_validate(last)
    return last


def test_what_was_asked_is_said_again() -> None:
    asked = Conversation(
        "gpt-x",
        (),
        tool_choice=ToolChoice("one", "read", parallel=False),
        thought=Thought("adaptive", effort="low"),
        max_tokens=9,
        temperature=0.5,
        top_p=0.9,
        output_schema={"type": "object"},
    )
    said = said_of(asked)
    assert (said["id"], said["created_at"], said["model"], said["status"]) == (
        "resp_1",
        7,
        "gpt-x",
        "completed",
    )
    assert (said["tool_choice"], said["parallel_tool_calls"]) == ({"type": "function", "name": "read"}, False)
    assert said["reasoning"] == {"effort": "low", "summary": "auto"}
    assert (said["max_output_tokens"], said["temperature"], said["top_p"]) == (9, 0.5, 0.9)
    assert said["text"]["format"] == {"type": "json_schema", "name": "output", "schema": {"type": "object"}}


def test_what_was_not_asked_is_as_the_api_has_it() -> None:
    said = said_of(Conversation("gpt-x", (), thought=Thought("disabled", shown=False), output_schema={}))
    assert (said["tool_choice"], said["parallel_tool_calls"], said["tools"]) == ("auto", True, [])
    assert said["reasoning"] == {"effort": "none", "summary": None}
    assert said["text"]["format"] == {"type": "json_object"}
    assert said_of(Conversation("gpt-x", ()))["text"]["format"] == {"type": "text"}
    assert said_of(Conversation("gpt-x", ()))["reasoning"] == {"effort": None, "summary": None}


KINDS: list[tuple[ErrorKind, str]] = [
    ("rate_limit", "rate_limit_exceeded"),
    ("invalid_request", "invalid_prompt"),
    ("too_large", "invalid_prompt"),
    ("overloaded", "server_error"),
    ("internal", "server_error"),
]


@pytest.mark.parametrize(("kind", "code"), KINDS)
def test_a_fault_has_a_code_of_the_api(kind: ErrorKind, code: str) -> None:
    stream = Stream("resp_1", 7, bare("gpt-x"))
    last = checked(stream.begin() + stream.fail([], Fault(kind, "Sorry.")))[-1]["response"]
    assert (last["status"], last["error"]) == ("failed", {"code": code, "message": "Sorry."})


def test_when_to_come_back_stands_in_the_words_by_which_codex_knows() -> None:
    stream = Stream("resp_1", 7, bare("gpt-x"))
    limited = Fault("rate_limit", "Slow.", retry_after=7)
    assert b"Slow. Please try again in 7s." in stream.fail([], limited)
    told = Fault("rate_limit", "Please try again in 3s.", retry_after=7)
    assert b'"Please try again in 3s."' in stream.fail([], told)


def test_numbers_go_on_from_where_they_are_said_to() -> None:
    stream = Stream("resp_1", 7, bare("gpt-x"), number=5)
    assert b'"sequence_number":5' in stream.frame("x")
    assert msgspec.json.decode(stream.frame("x").partition(b"data: ")[2])["sequence_number"] == 6


def test_usage_that_was_not_reported_counts_as_none() -> None:
    assert told_usage(Usage())["total_tokens"] == 0
    assert told_usage(Usage(prompt=5, cache_written=2))["input_tokens_details"]["cache_write_tokens"] == 2
