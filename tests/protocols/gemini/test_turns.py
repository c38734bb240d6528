"""Contents as turns: parts of every kind, and histories that come in pieces."""

from __future__ import annotations

from typing import Any

import pytest
from answers import SEAL, carried
from hypothesis import given
from hypothesis import strategies as st

from peekd.protocols.fields import Dropped, Place
from peekd.protocols.gemini.carrier import armoured
from peekd.protocols.gemini.turns import decode_texts, decode_turns
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


def turns(contents: object, dropped: Dropped | None = None) -> tuple[Turn, ...]:
    return decode_turns(Place(contents, "contents", "contents", {} if dropped is None else dropped), SEAL)


def parts(*said: object, role: str = "user") -> tuple[Part, ...]:
    return turns([{"role": role, "parts": list(said)}])[0].parts


SIGNED = armoured(carried("thought", "proof", "anthropic"))
CALL = {"functionCall": {"id": "c1", "name": "f", "args": {"my_arg": 1}}}


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ({"text": "Hi"}, Text("Hi")),
        ({"inlineData": {"mimeType": "image/png", "data": "-_8="}}, Media("image/png", data="+/8=")),
        (
            {"inline_data": {"mime_type": "image/png", "data": "AAAA", "display_name": "T"}},
            Media("image/png", data="AAAA", title="T"),
        ),
        (
            {"fileData": {"fileUri": "https://example.com/a.pdf", "mimeType": "application/pdf"}},
            Media("application/pdf", url="https://example.com/a.pdf"),
        ),
        (CALL, ToolCall("c1", "f", {"my_arg": 1})),
    ],
)
def test_a_part_says_what_it_is(said: object, part: Part) -> None:
    assert parts(said) == (part,)


@pytest.mark.parametrize(
    ("response", "content", "failed"),
    [
        ({"output": "done"}, "done", False),
        ({"result": "done"}, "done", False),
        ({"error": "no"}, "no", True),
        ({"error": ""}, "", False),
        ({"output": {"a": 1}}, '{"output":{"a":1}}', False),
        ({"a": 1, "b": 2}, '{"a":1,"b":2}', False),
        ({}, "", False),
    ],
)
def test_a_response_is_its_words_or_its_json(response: dict[str, Any], content: str, *, failed: bool) -> None:
    said = parts({"functionResponse": {"id": "c1", "name": "f", "response": response}})
    assert said == (ToolResult("c1", (Text(content),) if content else (), failed),)


def test_pictures_inside_a_response_belong_to_it() -> None:
    picture = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    said = parts({"functionResponse": {"name": "f", "response": {"output": "x"}, "parts": [picture]}})
    assert said == (ToolResult("call_1", (Text("x"), Media("image/png", data="AAAA"))),)


@given(st.lists(st.text(min_size=1), min_size=1), st.lists(st.text(min_size=1), min_size=1), st.booleans())
def test_a_history_of_chunks_is_the_answer_it_was(
    thoughts: list[str],
    words: list[str],
    apart: bool,  # noqa: FBT001 - hypothesis gives it by place
) -> None:
    said: list[dict[str, Any]] = [{"text": text, "thought": True} for text in thoughts]
    said.append({"text": "", "thought": True, "thoughtSignature": SIGNED})
    said += [{"text": text} for text in words]
    history = (
        [{"role": "model", "parts": [part]} for part in said] if apart else [{"role": "model", "parts": said}]
    )
    assert turns(history) == (
        Turn("assistant", (Thinking("".join(thoughts), "proof", "anthropic"), Text("".join(words)))),
    )


def test_thoughts_that_only_their_maker_reads_come_back() -> None:
    said = {
        "text": "",
        "thought": True,
        "thoughtSignature": armoured(carried("redacted", "blob", "anthropic")),
    }
    assert parts(said, role="model") == (RedactedThinking("blob", "anthropic"),)


def test_unproven_thoughts_are_left_out_and_listed_and_geminis_own_signatures_stay() -> None:
    dropped: Dropped = {}
    said = [
        {"text": "Hmm", "thought": True},
        {"text": "Hello", "thought_signature": "R2VtaW5p"},
        {"executableCode": {"code": "1"}},
    ]
    assert turns([{"role": "model", "parts": said}], dropped) == (
        Turn("assistant", (Text("Hello", "R2VtaW5p", "gemini"),)),
    )
    assert list(dropped) == [
        "contents[].parts[thought]",
        "contents[].parts[].executableCode",
    ]


def test_neighbours_of_one_role_are_one_turn_and_empty_ones_none() -> None:
    said = turns([
        {"parts": {"text": "a"}},
        {"role": "user", "parts": [{"text": "b"}]},
        {"role": "model", "parts": [{"text": ""}]},
        {"role": "function", "parts": [{"functionResponse": {"name": "f", "response": {"output": "x"}}}]},
    ])
    assert said == (
        Turn("user", (Text("a"), Text("b"))),
        Turn("user", (ToolResult("call_1", (Text("x"),)),)),
    )


WRONG: list[tuple[object, str]] = [
    ([{"role": "robot", "parts": []}], "contents.0.role: expected user or model"),
    ([{"parts": [{"fileData": {"fileUri": "gs://b/f"}}]}], "stored at Google"),
    ([{"parts": [{"fileData": {"fileUri": "files/abc"}}]}], "stored at Google"),
    (
        [{"parts": [{"functionCall": {"args": {}}}]}],
        "contents.0.parts.0.functionCall.name: Field required",
    ),
    ([{"parts": [{"text": 3}]}], "contents.0.parts.0.text: expected a string"),
]


@pytest.mark.parametrize(("said", "told"), WRONG)
def test_what_cannot_be_said_is_told_by_its_place(said: object, told: str) -> None:
    with pytest.raises(ClientError) as caught:
        turns(said)
    assert told in caught.value.fault.message


def test_an_instruction_is_its_words_however_it_is_written() -> None:
    dropped: Dropped = {}
    for said in (
        "Be kind.",
        {"parts": [{"text": "Be kind."}]},
        {"role": "user", "parts": {"text": "Be kind."}},
    ):
        assert decode_texts(Place(said, "s", "s", dropped)) == ("Be kind.",)
    assert decode_texts(None) == ()
    assert dropped == {}
    assert decode_texts(Place({"parts": [CALL]}, "s", "s", dropped)) == ()
    assert list(dropped) == ["s[parts]"]
