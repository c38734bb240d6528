"""Whole requests to Gemini, and a Gemini client's own spliced without touching what was not named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from peekd.protocols.gemini.request import encode_request, splice_request
from peekd.protocols.gemini.signatures import STAND_IN
from peekd.protocols.interface import Call, Splices
from peekd.vocabulary.conversation import (
    Conversation,
    Media,
    Part,
    Text,
    Thinking,
    Thought,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from peekd.vocabulary.errors import ClientError

SIGNATURE = "RXhhbXBsZQ=="
USER = Turn("user", (Text("hi"),))
STEP = (
    Turn(
        "assistant",
        (Thinking("hm", "x"), ToolCall("c1", "f", {"a": 1}, SIGNATURE, "gemini"), ToolCall("c2", "f", {})),
    ),
    Turn(
        "user",
        (ToolResult("c2", (Text("two"),)), ToolResult("c1", (Text("one"), Media("image/png", "QUJD")))),
    ),
)


def encode(
    said: Conversation, model: str = "gemini-3-pro-preview", *, repaired: bool = False
) -> dict[str, Any]:
    return msgspec.json.decode(encode_request(said, model=model, repaired=repaired).body)


def parts(body: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [part for content in body["contents"] for part in content["parts"] if kind in part]


def test_the_model_stands_in_the_path_and_the_answer_is_asked_for_as_a_stream() -> None:
    call = encode_request(Conversation("claude", (USER,)), model="gemini-2.5-pro", repaired=False)
    assert call == Call(
        "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
        b'{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}',
        (("content-type", "application/json"),),
    )


def test_a_clients_model_adds_nothing_to_the_path_but_its_name() -> None:
    call = encode_request(Conversation("a", (USER,)), model="m?key=x#y z", repaired=False)
    assert call.path == "/v1beta/models/m%3Fkey=x%23y%20z:streamGenerateContent?alt=sse"


def test_instructions_are_the_system_texts_and_the_leading_system_turns() -> None:
    turns = (Turn("system", (Text("b"),)), Turn("system", (Text(""),)), USER, Turn("system", (Text("late"),)))
    body = encode(Conversation("m", turns, system=("a", "")))
    assert body["systemInstruction"] == {"parts": [{"text": "a"}, {"text": "b"}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "hi"}, {"text": "late"}]}]


def test_tools_are_declared_once_and_one_without_parameters_has_none() -> None:
    tools = (
        Tool("f", "does f", {"type": "object", "properties": {"a": {"type": "integer"}}, "$schema": "x"}),
        Tool("g", parameters={"type": "object", "additionalProperties": False}),
    )
    asked = Conversation("m", (USER,), tools=tools)
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    own = {"type": "OBJECT", "properties": {"a": {"type": "INTEGER"}}}
    for model, key, said in (
        ("gemini-2.5-pro", "parametersJsonSchema", schema),
        ("gemini-2.0-flash", "parameters", own),
    ):
        call = encode_request(asked, model=model, repaired=False)
        declared = [{"name": "f", "description": "does f", key: said}, {"name": "g"}]
        assert msgspec.json.decode(call.body)["tools"] == [{"functionDeclarations": declared}]
        assert call.dropped[0] == "tools[].parameters.$schema"


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        (ToolChoice("auto"), {"mode": "AUTO"}),
        (ToolChoice("any"), {"mode": "ANY"}),
        (ToolChoice("one", "f"), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        (ToolChoice("none"), {"mode": "NONE"}),
    ],
)
def test_a_tool_choice_is_a_mode(choice: ToolChoice, config: dict[str, Any]) -> None:
    body = encode(Conversation("m", (USER,), tools=(Tool("f"),), tool_choice=choice))
    assert body["toolConfig"] == {"functionCallingConfig": config}
    assert "toolConfig" not in encode(Conversation("m", (USER,), tool_choice=choice))


def test_calls_one_at_a_time_cannot_be_asked_for_and_that_is_recorded() -> None:
    said = Conversation("m", (USER,), tools=(Tool("f"),), tool_choice=ToolChoice("auto", parallel=False))
    assert encode_request(said, model="gemini-3-pro", repaired=False).dropped == ("tool_choice.parallel",)


def test_a_signature_stands_beside_its_call_and_siblings_have_none() -> None:
    first, second = parts(encode(Conversation("m", (USER, *STEP))), "functionCall")
    assert first["thoughtSignature"] == SIGNATURE
    assert "thoughtSignature" not in second


def test_calls_of_another_maker_get_the_stand_in_where_the_model_checks() -> None:
    strange: tuple[Part, ...] = (ToolCall("c1", "f", {}), ToolCall("c2", "f", {}))
    turns = (USER, Turn("assistant", strange), STEP[1])
    first, second = parts(encode(Conversation("m", turns)), "functionCall")
    assert first["thoughtSignature"] == STAND_IN
    assert "thoughtSignature" not in second
    assert all(
        "thoughtSignature" not in part
        for part in parts(encode(Conversation("m", turns), "gemini-2.5-pro"), "functionCall")
    )


@pytest.mark.parametrize(("model", "signature"), [("gemini-3-pro", STAND_IN), ("gemini-2.5-pro", None)])
def test_a_repaired_request_has_no_replayed_signature_left(model: str, signature: str | None) -> None:
    turns = (USER, Turn("assistant", (Text("so", SIGNATURE), *STEP[0].parts)), STEP[1])
    body = encode(Conversation("m", turns), model, repaired=True)
    assert SIGNATURE not in msgspec.json.encode(body).decode()
    assert parts(body, "functionCall")[0].get("thoughtSignature") == signature
    assert {"text": "so"} in parts(body, "text")


def test_a_whole_request_is_one_that_googles_own_types_accept(
    google_accepts: Callable[[bytes], None],
) -> None:
    look = Turn(
        "user",
        (Text("look"), Media("image/png", "QUJD"), Media("application/pdf", url="https://a.example/b.pdf")),
    )
    said = Conversation(
        "m",
        (look, *STEP),
        system=("s",),
        tools=(Tool("f", "d", {"type": "object", "properties": {"a": {"type": ["integer", "null"]}}}),),
        tool_choice=ToolChoice("any"),
        thought=Thought("enabled", budget=9_000),
        max_tokens=20_000,
        temperature=0.2,
        top_p=0.9,
        top_k=3,
        stop=("x",),
        output_schema={"type": "object", "properties": {"a": {"const": "b"}}},
    )
    body = encode(said)
    google_accepts(msgspec.json.encode(body))
    assert set(body) == {"systemInstruction", "contents", "tools", "toolConfig", "generationConfig"}


def test_nothing_to_ask_is_the_clients_fault() -> None:
    for turns in ((), (Turn("system", (Text("a"),)),), (Turn("user", (Text(""),)),)):
        with pytest.raises(ClientError):
            encode_request(Conversation("m", turns), model="gemini-3-pro", repaired=False)


# ---- a Gemini client's own body -------------------------------------------------------------------

STREAM = "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"


def splice(body: bytes, path: str = STREAM, *, model: str | None = None, repaired: bool = False) -> Call:
    return splice_request(body, path, Splices(model, stream=True, repaired=repaired))


def test_a_body_goes_as_it_came() -> None:
    body = b'{ "contents" : [ ], "new": 1.0 }\n'
    assert splice(body) == Call(STREAM, body)


def test_model_and_stream_are_spliced_into_the_path() -> None:
    call = splice(b"{}", "/v1/models/a-model:generateContent?fields=x", model="b-model")
    assert call == Call(
        "/v1/models/b-model:streamGenerateContent?fields=x&alt=sse", b"{}", spliced=("stream", "model")
    )
    path = "/v1beta/models/a-model:generateContent"
    assert splice_request(b"{}", path, Splices("a-model", stream=False, repaired=False)) == Call(path, b"{}")


def test_a_repair_takes_thoughts_and_signatures_and_leaves_other_fields_their_bytes() -> None:
    contents = [
        {"role": "user", "parts": [{"text": "a"}]},
        {
            "role": "model",
            "parts": [
                {"text": "hm", "thought": True},
                {
                    "functionCall": {"name": "f", "args": {"thoughtSignature": "mine"}},
                    "thoughtSignature": SIGNATURE,
                },
            ],
        },
    ]
    body = b'{"x": 1.50, "contents": ' + msgspec.json.encode(contents) + b"}"
    call = splice(body, model="gemini-3-pro", repaired=True)
    fields = msgspec.json.decode(call.body, type=dict[str, msgspec.Raw])
    assert bytes(fields["x"]) == b"1.50"
    assert msgspec.json.decode(fields["contents"])[1] == {
        "role": "model",
        "parts": [
            {
                "functionCall": {"name": "f", "args": {"thoughtSignature": "mine"}},
                "thoughtSignature": STAND_IN,
            }
        ],
    }
    assert call.spliced == ("model", "contents")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"contents": {}}', b'{"contents": [7]}', b'{"contents": [{"parts": 1}]}']
)
def test_a_body_of_another_kind_cannot_be_repaired(body: bytes) -> None:
    with pytest.raises(ClientError):
        splice(body, repaired=True)


def test_a_path_of_another_kind_is_the_clients_fault() -> None:
    with pytest.raises(ClientError):
        splice(b"{}", "/v1/messages")


COUNT = "/v1beta/models/gemini-2.5-pro:countTokens"


@pytest.mark.parametrize(
    "body",
    [
        b'{ "generateContentRequest" : {"model":"models/gemini-2.5-pro" , "contents":[ ]}, "x":1e2 }',
        b'{"generate_content_request":{"contents":[],"model": "models/gemini-2.5-pro"}}',
        b'{"model": "models/gemini-2.5-pro","contents":[{"model":"models/gemini-2.5-pro "}]}',
    ],
)
def test_a_mapped_model_is_named_anew_where_the_body_names_it(body: bytes) -> None:
    call = splice_request(body, COUNT, Splices("vendor/m", stream=False, repaired=False))
    assert call.body == body.replace(b'"models/gemini-2.5-pro"', b'"models/vendor/m"')
    assert (call.path, call.spliced) == ("/v1beta/models/vendor/m:countTokens", ("model",))
    assert splice_request(body, COUNT, Splices(stream=False, repaired=False)).body is body
