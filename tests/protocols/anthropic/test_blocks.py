"""Messages and blocks as turns and parts."""

from __future__ import annotations

import base64

import pytest
from answers import SEAL, carried

from peekd.protocols.anthropic.blocks import decode_turns
from peekd.protocols.fields import Dropped, Place
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


def decoded(*messages: object) -> tuple[tuple[Turn, ...], list[str]]:
    dropped: Dropped = {}
    turns = decode_turns(Place(list(messages), "messages", "messages", dropped), SEAL)
    return turns, list(dropped)


def parts(role: str, *blocks: object) -> tuple[Part, ...]:
    ((turn,), dropped) = decoded({"role": role, "content": list(blocks)})
    assert dropped == []
    return turn.parts


def refused(*messages: object) -> str:
    with pytest.raises(ClientError) as caught:
        decoded(*messages)
    return caught.value.fault.message


def thinking(text: str, signature: str) -> dict[str, str]:
    return {"type": "thinking", "thinking": text, "signature": signature}


CALL = {"type": "tool_use", "id": "t1", "name": "read", "input": {"path": "a"}}


def test_roles_and_plain_strings() -> None:
    said = [{"role": role, "content": "x"} for role in ("user", "assistant", "system")]
    turns, dropped = decoded(*said)
    assert turns == (
        Turn("user", (Text("x"),)),
        Turn("assistant", (Text("x"),)),
        Turn("system", (Text("x"),)),
    )
    assert dropped == []


def test_replayed_answers() -> None:
    blocks = (
        thinking("Hm", "sig"),
        {"type": "redacted_thinking", "data": "d"},
        {"type": "text", "text": "y"},
        CALL,
    )
    assert parts("assistant", *blocks) == (
        Thinking("Hm", "sig", "anthropic"),
        RedactedThinking("d", "anthropic"),
        Text("y"),
        ToolCall("t1", "read", {"path": "a"}),
    )


# ---- results --------------------------------------------------------------------------------------

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("x", (Text("x"),)),
        (None, ()),
        ([], ()),
        ([{"type": "text", "text": "x"}, IMAGE], (Text("x"), Media("image/png", data="AA=="))),
    ],
)
def test_results(content: object, said: tuple[Text | Media, ...]) -> None:
    block = {"type": "tool_result", "tool_use_id": "t1", "content": content}
    assert parts("user", block) == (ToolResult("t1", said),)


def test_a_failed_result_says_so() -> None:
    block = {"type": "tool_result", "tool_use_id": "t1", "content": "x", "is_error": True}
    assert parts("user", block) == (ToolResult("t1", (Text("x"),), is_error=True),)


def test_a_result_of_tool_references_is_not_lost() -> None:
    content = [{"type": "tool_reference", "tool_name": "WebFetch"}]
    (turns, dropped) = decoded({
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "t1", "content": content}],
    })
    said = ToolResult("t1", (Text('{"type":"tool_reference","tool_name":"WebFetch"}'),))
    assert turns == (Turn("user", (said,)),)
    assert dropped == ["messages[].content[].content[type=tool_reference]"]


# ---- media ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "media"),
    [
        (IMAGE, Media("image/png", data="AA==")),
        (
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a"}},
            Media("image/*", url="https://example.com/a"),
        ),
        (
            {
                "type": "document",
                "title": "T",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
            },
            Media("application/pdf", data="AA==", title="T"),
        ),
        (
            {"type": "document", "source": {"type": "url", "url": "https://example.com/a"}},
            Media("application/pdf", url="https://example.com/a"),
        ),
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "é"}},
            Media("text/plain", data=base64.b64encode("é".encode()).decode()),
        ),
    ],
)
def test_media(block: object, media: Media) -> None:
    assert parts("user", block) == (media,)


def test_a_document_made_of_blocks_is_its_blocks() -> None:
    source = {"type": "content", "content": [{"type": "text", "text": "x"}, IMAGE]}
    block = {"type": "document", "source": source}
    assert parts("user", block) == (Text("x"), Media("image/png", data="AA=="))


def test_a_file_of_one_account_cannot_be_translated() -> None:
    block = {"type": "image", "source": {"type": "file", "file_id": "file_1"}}
    told = refused({"role": "user", "content": [block]})
    assert told.startswith("messages.0.content.0.source.type")


# ---- carried signatures -----------------------------------------------------------------------------


def test_a_calls_signature_goes_to_the_next_call_only() -> None:
    carrying = thinking("", carried("call", "s"))
    assert parts("assistant", carrying, CALL, CALL) == (
        ToolCall("t1", "read", {"path": "a"}, "s", "gemini"),
        ToolCall("t1", "read", {"path": "a"}),
    )


def test_thoughts_that_carried_it_stay_without_it() -> None:
    carrying = thinking("Hm", carried("call", "s"))
    assert parts("assistant", carrying, CALL) == (
        Thinking("Hm"),
        ToolCall("t1", "read", {"path": "a"}, "s", "gemini"),
    )


def test_a_signature_of_thoughts_stays_on_them() -> None:
    assert parts("assistant", thinking("Hm", carried("thought", "s"))) == (Thinking("Hm", "s", "gemini"),)
    assert parts("assistant", thinking("", carried("thought", "s"))) == (Thinking("", "s", "gemini"),)


def test_a_signature_of_words_is_an_empty_signed_text_at_its_place() -> None:
    blocks = ({"type": "text", "text": "x"}, thinking("", carried("text", "s")))
    assert parts("assistant", *blocks) == (Text("x"), Text("", "s", "gemini"))


def test_thoughts_that_only_another_family_reads_come_back_as_its_own() -> None:
    block = {"type": "redacted_thinking", "data": carried("redacted", "blob", "openai")}
    assert parts("assistant", block) == (RedactedThinking("blob", "openai"),)


def test_a_carrier_that_does_not_hold_proves_nothing_and_is_listed() -> None:
    broken = carried("thought", "s")[:-1]
    turns, dropped = decoded({"role": "assistant", "content": [thinking("Hm", broken)]})
    assert turns == (Turn("assistant", (Thinking("Hm"),)),)
    assert dropped == ["messages[].content[signature that does not hold]"]


def test_a_signature_does_not_leave_its_turn() -> None:
    carrying = {"role": "assistant", "content": [thinking("Hm", carried("call", "s"))]}
    turns, _ = decoded(carrying, {"role": "assistant", "content": [CALL]})
    assert turns[1].parts == (ToolCall("t1", "read", {"path": "a"}),)


# ---- what is left out, what is wrong -------------------------------------------------------------------


def test_blocks_of_unknown_kinds_are_listed_and_an_empty_turn_goes() -> None:
    blocks = [{"type": "container_upload", "file_id": "f"}, {"type": "hologram"}, {"type": "hologram"}]
    turns, dropped = decoded({"role": "user", "content": blocks}, {"role": "user", "content": "x"})
    assert turns == (Turn("user", (Text("x"),)),)
    assert dropped == ["messages[].content[type=container_upload]", "messages[].content[type=hologram]"]


def test_fields_without_a_word_are_listed() -> None:
    block = {
        "type": "text",
        "text": "x",
        "cache_control": {"type": "ephemeral"},
        "citations": [1],
        "new": None,
    }
    _, dropped = decoded({"role": "user", "content": [block], "output_config": {"effort": "low"}})
    assert dropped == ["cache_control", "messages[].content[].citations", "messages[].output_config"]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (3, "messages.0: expected an object, got a number"),
        ({"content": "x"}, "messages.0.role: Field required"),
        ({"role": "user"}, "messages.0.content: Field required"),
        ({"role": "tool", "content": "x"}, "messages.0.role: expected user, assistant or system"),
        ({"role": "user", "content": 3}, "messages.0.content: expected an array, got a number"),
        (
            {"role": "user", "content": [{"type": 3}]},
            "messages.0.content.0.type: expected a string, got a number",
        ),
        ({"role": "user", "content": [{"type": "text"}]}, "messages.0.content.0.text: Field required"),
        (
            {"role": "user", "content": [{"type": "tool_use", "id": "a", "name": "b", "input": "c"}]},
            "messages.0.content.0.input: expected an object, got a string",
        ),
    ],
)
def test_a_wrong_type_is_told_by_its_path(message: object, told: str) -> None:
    assert refused(message) == told
