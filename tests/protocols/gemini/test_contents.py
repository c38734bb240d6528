"""Turns as contents: what each part becomes, and Gemini's rules of order."""

from __future__ import annotations

import pytest

from peekd.protocols.gemini.contents import encode_contents
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


def user(*parts: Part) -> Turn:
    return Turn("user", parts)


def assistant(*parts: Part) -> Turn:
    return Turn("assistant", parts)


def result(id_: str, text: str) -> ToolResult:
    return ToolResult(id_, (Text(text),))


def response(id_: str, name: str, text: str) -> dict[str, object]:
    return {"functionResponse": {"id": id_, "name": name, "response": {"output": text}}}


def test_neighbouring_turns_of_one_role_become_one_content_with_their_parts_unjoined() -> None:
    contents, dropped = encode_contents((user(Text("a")), user(Text("b")), assistant(Text("c"))))
    assert contents == [
        {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
        {"role": "model", "parts": [{"text": "c"}]},
    ]
    assert dropped == ()


def test_instructions_in_mid_conversation_keep_their_place_among_the_users_words() -> None:
    turns = (
        user(Text("a")),
        Turn("system", (Text("be brief"),)),
        assistant(Text("b")),
        Turn("system", (Text("!"),)),
    )
    contents, _ = encode_contents(turns)
    assert [(content["role"], content["parts"]) for content in contents] == [
        ("user", [{"text": "a"}, {"text": "be brief"}]),
        ("model", [{"text": "b"}]),
        ("user", [{"text": "!"}]),
    ]


def test_empty_texts_are_left_out_unless_a_signature_stands_on_them() -> None:
    contents, _ = encode_contents((user(Text(""), Text("a")), assistant(Text("")), user(Text("b"))))
    assert contents == [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}]
    contents, _ = encode_contents((assistant(Text("", "c2ln", "gemini")),))
    assert contents[0]["parts"] == [{"text": "", "thoughtSignature": "c2ln"}]


def test_parallel_results_come_first_in_the_order_of_their_calls_with_all_else_behind() -> None:
    turns = (
        assistant(ToolCall("c1", "f", {"a": 1}, "c2ln", "gemini"), ToolCall("c2", "g", {})),
        user(Text("note"), ToolResult("c2", (Text("two"), Media("image/png", "QUJD"))), result("c1", "one")),
        Turn("system", (Text("remember"),)),
        user(Text("go on")),
    )
    contents, dropped = encode_contents(turns)
    assert contents == [
        {
            "role": "model",
            "parts": [
                {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"},
                {"functionCall": {"id": "c2", "name": "g", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                response("c1", "f", "one"),
                response("c2", "g", "two"),
                {"text": "note"},
                {"inlineData": {"mimeType": "image/png", "data": "QUJD"}},
                {"text": "remember"},
                {"text": "go on"},
            ],
        },
    ]
    assert dropped == ()


def test_a_failed_tool_answers_under_error() -> None:
    contents, _ = encode_contents((
        assistant(ToolCall("c", "f", {})),
        user(ToolResult("c", (Text("no"),), is_error=True)),
    ))
    assert contents[1]["parts"][0]["functionResponse"]["response"] == {"error": "no"}


def test_a_result_without_words_is_said_as_such_and_none_is_invented_for_a_missing_one() -> None:
    turns = (assistant(ToolCall("c", "f", {}), ToolCall("d", "g", {})), user(ToolResult("c", ())))
    contents, _ = encode_contents(turns)
    assert contents[1]["parts"] == [response("c", "f", "")]


def test_a_result_of_an_unknown_call_is_named_by_its_id_and_recorded() -> None:
    contents, dropped = encode_contents((user(result("c9", "x")),))
    assert contents[0]["parts"] == [response("c9", "c9", "x")]
    assert dropped == ("tool_result.name",)


def test_arguments_that_look_like_a_schema_arrive_untouched() -> None:
    arguments = {
        "type": "object",
        "items": [{"$ref": "#/x", "additionalProperties": False}],
        "enum": [1, None, ""],
        "properties": {"properties": {"const": 1}, "format": "uuid"},
        "anyOf": [],
    }
    contents, _ = encode_contents((assistant(ToolCall("c", "f", arguments)),))
    assert contents[0]["parts"][0]["functionCall"]["args"] == arguments


def test_replayed_thoughts_are_left_out_and_recorded_once() -> None:
    turns = (assistant(Thinking("a", "s"), Thinking("b"), RedactedThinking("x"), Text("c")),)
    contents, dropped = encode_contents(turns)
    assert contents == [{"role": "model", "parts": [{"text": "c"}]}]
    assert dropped == ("thinking", "redacted_thinking")


@pytest.mark.parametrize(
    ("media", "part"),
    [
        (Media("application/pdf", "QUJD"), {"inlineData": {"mimeType": "application/pdf", "data": "QUJD"}}),
        (Media("image/png"), {"inlineData": {"mimeType": "image/png", "data": ""}}),
        (
            Media("image/*", url="https://example.org/a.PNG?x=1#y"),
            {"fileData": {"fileUri": "https://example.org/a.PNG?x=1#y", "mimeType": "image/png"}},
        ),
        (
            Media("image/webp", url="https://example.org/a"),
            {"fileData": {"fileUri": "https://example.org/a", "mimeType": "image/webp"}},
        ),
        (Media("", url="https://example.org/a"), {"fileData": {"fileUri": "https://example.org/a"}}),
    ],
)
def test_pictures_and_documents_go_inline_or_by_address(media: Media, part: dict[str, object]) -> None:
    contents, _ = encode_contents((user(media),))
    assert contents[0]["parts"] == [part]


def test_a_documents_title_has_no_place_and_is_recorded() -> None:
    assert encode_contents((user(Media("application/pdf", "QUJD", title="T")),))[1] == ("media.title",)
