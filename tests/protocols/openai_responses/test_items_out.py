"""What each part becomes as an item, and what is named as left out."""

from __future__ import annotations

from typing import Any

import pytest

from peekd.protocols.openai_responses.items_out import encode_items
from peekd.vocabulary.conversation import (
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


def assistant(*parts: Part) -> tuple[list[dict[str, Any]], list[str]]:
    dropped: dict[str, None] = {}
    return encode_items([Turn("assistant", parts)], dropped, thoughts=True), [*dropped]


def user(*parts: Part) -> tuple[list[dict[str, Any]], list[str]]:
    dropped: dict[str, None] = {}
    return encode_items([Turn("user", parts)], dropped, thoughts=True), [*dropped]


def test_thoughts_of_openais_own_go_back_with_their_proof() -> None:
    items, dropped = assistant(Thinking("t", "p", "openai"), RedactedThinking("q", "openai"))
    assert items == [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "t"}], "encrypted_content": "p"},
        {"type": "reasoning", "summary": [], "encrypted_content": "q"},
    ]
    assert dropped == []


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (Thinking("t", "p", "gemini"), "thinking of another family"),
        (RedactedThinking("p", "anthropic"), "thinking of another family"),
        (Thinking("t"), "thinking without signature"),
        (Media("image/png", data="AAAA"), "media of the assistant"),
        (Text("", "p", "gemini"), "signature of another family"),
    ],
)
def test_what_no_model_of_openais_can_read_is_left_out_by_name(part: Part, name: str) -> None:
    assert assistant(part) == ([], [name])


def test_a_call_that_another_family_signed_goes_without_its_signature() -> None:
    items, dropped = assistant(ToolCall("c", "f", {"x": 1}, "p", "gemini"))
    assert items == [{"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"x":1}'}]
    assert dropped == ["signature of another family"]


def test_results_stand_before_the_words_of_their_turn() -> None:
    picture = Media("image/png", data="AAAA")
    items, dropped = user(
        Text("and?"), ToolResult("c", (Text("42"), picture), is_error=True), ToolResult("d", ())
    )
    assert items == [
        {
            "type": "function_call_output",
            "call_id": "c",
            "output": [
                {"type": "input_text", "text": "42"},
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"},
            ],
        },
        {"type": "function_call_output", "call_id": "d", "output": ""},
        {"type": "message", "role": "user", "content": "and?"},
    ]
    assert dropped == ["tool_result.is_error"]


def test_files_are_said_by_what_they_hold_or_where_they_lie() -> None:
    items, _ = user(
        Media("application/pdf", data="AAAA"),
        Media("application/pdf", url="https://example.com/a"),
        Media("text/csv", data="YSxi"),
    )
    assert items[0]["content"] == [
        {"type": "input_file", "filename": "document.pdf", "file_data": "data:application/pdf;base64,AAAA"},
        {"type": "input_file", "file_url": "https://example.com/a"},
        {"type": "input_text", "text": "a,b"},
    ]


def test_media_of_a_kind_that_has_no_place_is_refused() -> None:
    with pytest.raises(ClientError):
        user(Media("audio/wav", data="AAAA"))


def test_a_text_document_that_is_no_base64_is_refused() -> None:
    with pytest.raises(ClientError, match="text/plain"):
        user(Media("text/plain", data="not base64"))


def test_what_only_a_model_says_is_left_out_of_a_users_turn_by_name() -> None:
    assert user(Thinking("t")) == ([], ["thinking of a user"])


def test_instructions_in_the_middle_stay_where_they_are() -> None:
    items = encode_items([Turn("system", (Text("Be brief."),))], {}, thoughts=True)
    assert items == [{"type": "message", "role": "system", "content": "Be brief."}]
