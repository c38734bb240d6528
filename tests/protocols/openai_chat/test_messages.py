"""Messages of every role, with contents as strings and as arrays."""

from __future__ import annotations

from typing import Any

import pytest

from peekd.protocols.fields import Dropped, Place
from peekd.protocols.openai_chat.messages import decode_messages
from peekd.vocabulary.conversation import Media, Text, Thinking, ToolCall, ToolResult, Turn
from peekd.vocabulary.errors import ClientError

Json = dict[str, Any]


def read(*messages: Json) -> tuple[tuple[str, ...], tuple[Turn, ...]]:
    dropped: Dropped = {}
    return decode_messages(Place(list(messages), "messages", "messages", dropped))


def call(id_: str, arguments: object = "{}") -> Json:
    return {"id": id_, "type": "function", "function": {"name": "read", "arguments": arguments}}


def text(words: str) -> list[Json]:
    return [{"type": "text", "text": words}]


def test_instructions_that_stand_first_are_the_systems_and_later_ones_keep_their_place() -> None:
    system, turns = read(
        {"role": "system", "content": "a"},
        {"role": "developer", "content": text("b")},
        {"role": "user", "content": "hi"},
        {"role": "system", "content": text("c")},
    )
    assert system == ("a", "b")
    assert turns == (Turn("user", (Text("hi"),)), Turn("system", (Text("c"),)))


def test_what_the_model_said_comes_back_in_order() -> None:
    said = {"role": "assistant", "reasoning_content": "Hm", "content": "I look.", "tool_calls": [call("a")]}
    _, (turn,) = read(said)
    assert turn.parts == (Thinking("Hm"), Text("I look."), ToolCall("a", "read", {}))
    _, (turn,) = read({"role": "assistant", "content": text("x"), "refusal": "No"})
    assert turn.parts == (Text("x"), Text("No"))
    assert read({"role": "assistant", "content": ""})[1] == ()


def test_results_that_follow_each_other_answer_one_turn() -> None:
    _, turns = read(
        {"role": "assistant", "content": None, "tool_calls": [call("a"), call("b", '{"p":1}')]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": text("2")},
        {"role": "user", "content": "go on"},
    )
    assert turns[0].parts == (ToolCall("a", "read", {}), ToolCall("b", "read", {"p": 1}))
    assert turns[1] == Turn("user", (ToolResult("a", (Text("1"),)), ToolResult("b", (Text("2"),))))
    assert turns[2] == Turn("user", (Text("go on"),))


def test_a_signature_of_googles_comes_back() -> None:
    signed = call("a") | {"extra_content": {"google": {"thought_signature": "c2ln"}}}
    _, (turn,) = read({"role": "assistant", "tool_calls": [signed]})
    assert turn.parts == (ToolCall("a", "read", {}, "c2ln", "gemini"),)


PARTS: list[tuple[Json, object]] = [
    ({"type": "image_url", "image_url": {"url": "https://x/y.png"}}, Media("image/*", url="https://x/y.png")),
    (
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
        Media("image/png", data="AAAA"),
    ),
    (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
        Media("application/pdf", data="AAAA", title="a.pdf"),
    ),
    (
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        Media("audio/wav", data="AAAA"),
    ),
]


@pytest.mark.parametrize(("part", "expected"), PARTS)
def test_pictures_files_and_sound(part: Json, expected: object) -> None:
    _, (turn,) = read({"role": "user", "content": [*text("see"), part]})
    assert turn.parts == (Text("see"), expected)


FAULTS: list[tuple[Json, str]] = [
    ({"role": "function", "content": "x"}, "messages.0.role"),
    ({"role": "user"}, "messages.0.content"),
    ({"role": "user", "content": [{"type": "video"}]}, "messages.0.content.0.type"),
    (
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "/etc/passwd"}}]},
        "image_url.url",
    ),
    ({"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}, "file"),
    ({"role": "tool", "content": "x"}, "tool_call_id"),
    ({"role": "assistant", "tool_calls": [call("a", "{")]}, "arguments"),
    ({"role": "assistant", "tool_calls": [call("a") | {"type": "custom"}]}, "tool_calls.0.type"),
    ({"role": "system", "content": [PARTS[0][0]]}, "words alone"),
]


@pytest.mark.parametrize(("message", "named"), FAULTS)
def test_a_fault_is_told_by_its_place(message: Json, named: str) -> None:
    with pytest.raises(ClientError, match=named):
        read(message)
