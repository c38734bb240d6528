"""Turns become messages in the order that the API asks for."""

from __future__ import annotations

from typing import Any

import pytest

from peekd.protocols.openai_chat.history import encode_messages
from peekd.vocabulary.conversation import (
    Conversation,
    Media,
    Part,
    RedactedThinking,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from peekd.vocabulary.errors import ClientError

PICTURE = Media("image/png", data="AAAA")


def told(*turns: Turn, system: tuple[str, ...] = (), thoughts: bool = True) -> tuple[list[Any], set[str]]:
    dropped: dict[str, None] = {}
    messages = encode_messages(Conversation("m", turns, system=system), dropped, thoughts=thoughts)
    return messages, set(dropped)


def test_instructions_stand_first_in_one_message() -> None:
    messages, _ = told(Turn("user", (Text("hi"),)), system=("a", "", "b"))
    assert messages == [{"role": "system", "content": "a\n\nb"}, {"role": "user", "content": "hi"}]


def test_results_come_first_and_their_pictures_are_the_users() -> None:
    result = ToolResult("a", (Text("1"), PICTURE), is_error=True)
    messages, dropped = told(Turn("user", (Text("and now?"), result, ToolResult("b", ()))))
    assert [message["role"] for message in messages] == ["tool", "tool", "user"]
    assert (messages[0]["content"], messages[1]["content"]) == ("1", "")
    assert [part["type"] for part in messages[2]["content"]] == ["image_url", "text"]
    assert dropped == {"tool_result.is_error"}


def test_thoughts_go_along_only_where_nobody_signed_them() -> None:
    parts: tuple[Part, ...] = (Thinking("Hm"), Thinking("own", "sig"), RedactedThinking("x"), Text("y"))
    messages, dropped = told(Turn("assistant", parts))
    assert messages == [{"role": "assistant", "content": "y", "reasoning_content": "Hm"}]
    assert dropped == {"thinking", "redacted_thinking"}
    assert told(Turn("assistant", parts), thoughts=False)[0] == [{"role": "assistant", "content": "y"}]
    assert told(Turn("assistant", (Thinking("Hm"),)))[0] == []


def test_calls_have_their_arguments_as_text() -> None:
    messages, dropped = told(Turn("assistant", (ToolCall("a", "read", {"p": 1}, "sig"),)))
    function = {"name": "read", "arguments": '{"p":1}'}
    assert messages == [
        {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": function}]}
    ]
    assert dropped == {"signature"}


MEDIA: list[tuple[Media, str]] = [
    (PICTURE, "data:image/png;base64,AAAA"),
    (Media("image/*", url="https://x/y"), "https://x/y"),
    (Media("text/plain", data="SGk="), "Hi"),
    (Media("audio/wav", data="AAAA"), "wav"),
    (Media("application/pdf", data="AAAA"), "document.pdf"),
]


@pytest.mark.parametrize(("media", "holds"), MEDIA)
def test_media_have_a_part_each(media: Media, holds: str) -> None:
    (message,), _ = told(Turn("user", (media,)))
    assert holds in str(message["content"])


@pytest.mark.parametrize(
    "media", [Media("application/zip", data="AAAA"), Media("application/pdf", url="https://x")]
)
def test_other_media_are_refused(media: Media) -> None:
    with pytest.raises(ClientError, match=media.media_type):
        told(Turn("user", (media,)))


def test_a_user_who_thinks_is_left_out_and_named() -> None:
    assert told(Turn("user", (Thinking("Hm"),))) == ([], {"thinking of a user"})
