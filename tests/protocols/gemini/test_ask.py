"""A whole request as a conversation."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from answers import SEAL

from peekd.protocols.gemini.ask import decode_request
from peekd.vocabulary.conversation import Conversation, SearchOptions, Text, Thought, Tool, ToolChoice, Turn
from peekd.vocabulary.errors import ClientError

PATH = "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"
HELLO: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
TOOLS: list[dict[str, Any]] = [
    {"functionDeclarations": [{"name": "f", "description": "F.", "parameters": {"type": "OBJECT"}}]},
    {
        "function_declarations": {
            "name": "g",
            "parametersJsonSchema": {"properties": {"a": {"type": "string"}}},
        }
    },
    {"functionDeclarations": [{"name": "h"}]},
]


def asked(body: dict[str, Any], path: str = PATH) -> Conversation:
    return decode_request(msgspec.json.encode({**HELLO, **body}), path, SEAL)


def configured(config: dict[str, Any]) -> Conversation:
    return asked({"generationConfig": config})


def test_the_least_that_can_be_asked() -> None:
    assert asked({}) == Conversation("gemini-2.5-pro", (Turn("user", (Text("Hi"),)),), stream=True)


def test_both_spellings_say_the_same() -> None:
    camel = {
        "systemInstruction": {"parts": [{"text": "S"}]},
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {
            "maxOutputTokens": 9,
            "stopSequences": ["x"],
            "thinkingConfig": {"thinkingBudget": 5},
        },
    }
    snake = {
        "system_instruction": {"parts": [{"text": "S"}]},
        "tool_config": {"function_calling_config": {"mode": "any", "allowed_function_names": ["f"]}},
        "generation_config": {
            "max_output_tokens": 9,
            "stop_sequences": ["x"],
            "thinking_config": {"thinking_budget": 5},
        },
    }
    assert asked({**camel, "tools": TOOLS}) == asked({**snake, "tools": TOOLS})


def test_functions_are_tools_with_a_schema_of_an_object() -> None:
    said = asked({"tools": TOOLS})
    assert said.tools == (
        Tool("f", "F.", {"type": "object"}),
        Tool("g", "", {"type": "object", "properties": {"a": {"type": "string"}}}),
        Tool("h"),
    )
    assert said.dropped == ()


@pytest.mark.parametrize(
    ("config", "choice", "dropped"),
    [
        ({"mode": "AUTO"}, ToolChoice("auto"), ()),
        ({"mode": "VALIDATED"}, ToolChoice("auto"), ()),
        ({"mode": "NONE"}, ToolChoice("none"), ()),
        ({"mode": "ANY"}, ToolChoice("any"), ()),
        ({"mode": "ANY", "allowedFunctionNames": ["g"]}, ToolChoice("one", "g"), ()),
        (
            {"mode": "ANY", "allowedFunctionNames": ["f", "g"]},
            ToolChoice("any"),
            ("toolConfig.functionCallingConfig[allowedFunctionNames]",),
        ),
        ({}, ToolChoice("auto"), ()),
    ],
)
def test_how_functions_may_be_called(
    config: dict[str, Any], choice: ToolChoice, dropped: tuple[str, ...]
) -> None:
    said = asked({"tools": TOOLS, "toolConfig": {"functionCallingConfig": config}})
    assert (said.tool_choice, said.dropped) == (choice, dropped)


def test_a_choice_without_tools_is_none() -> None:
    assert asked({"toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}}).tool_choice is None
    assert asked({"toolConfig": {}, "tools": TOOLS}).tool_choice is None


@pytest.mark.parametrize(
    ("config", "thought"),
    [
        ({}, Thought("adaptive", shown=False)),
        ({"includeThoughts": True}, Thought("adaptive")),
        ({"thinkingBudget": 0}, Thought("disabled", shown=False)),
        ({"thinkingBudget": -1, "includeThoughts": True}, Thought("adaptive")),
        ({"thinkingBudget": 2048, "includeThoughts": True}, Thought("enabled", 2048)),
        ({"thinkingLevel": "HIGH"}, Thought("adaptive", effort="high", shown=False)),
        ({"thinkingLevel": "minimal"}, Thought("adaptive", effort="low", shown=False)),
    ],
)
def test_how_much_it_shall_think(config: dict[str, Any], thought: Thought) -> None:
    assert configured({"thinkingConfig": config}).thought == thought


def test_sampling_and_limits_are_numbers_as_the_sdks_write_them() -> None:
    said = configured({
        "temperature": 1,
        "topP": 0.95,
        "topK": 40.0,
        "maxOutputTokens": 9,
        "candidateCount": 1,
    })
    assert (said.temperature, said.top_p, said.top_k, said.max_tokens) == (1, 0.95, 40, 9)
    assert said.dropped == ()


@pytest.mark.parametrize(
    "key", ["responseSchema", "responseJsonSchema", "_responseJsonSchema", "response_schema"]
)
def test_a_schema_for_the_answer_is_said_in_json_schemas_words(key: str) -> None:
    said = configured({"responseMimeType": "application/json", key: {"type": "STRING"}})
    assert (said.output_schema, said.dropped) == ({"type": "string"}, ())


def test_what_has_no_word_is_listed() -> None:
    config = {"seed": 1, "responseMimeType": "application/json", "responseModalities": ["IMAGE"]}
    said = asked({
        "generationConfig": config,
        "safetySettings": [],
        "tools": [*TOOLS, {"codeExecution": {}}],
        "model": "models/x",
    })
    assert said.dropped == (
        "tools[].codeExecution",
        "generationConfig[responseModalities]",
        "generationConfig[responseMimeType]",
        "generationConfig.seed",
        "safetySettings",
    )


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"contents": []}, "contents: there is nothing"),
    ({"cachedContent": "cachedContents/x"}, "cachedContent: this upstream has no such cache"),
    ({"tools": [{"codeExecution": {}}]}, "tools: codeExecution: this upstream has no such tool"),
    ({"generationConfig": {"candidateCount": 2}}, "generationConfig.candidateCount: only one"),
    (
        {"tools": TOOLS, "toolConfig": {"functionCallingConfig": {"mode": "MAYBE"}}},
        "toolConfig.functionCallingConfig.mode: expected AUTO",
    ),
    (
        {
            "tools": TOOLS,
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["z"]}},
        },
        "there is no function 'z'",
    ),
]


@pytest.mark.parametrize(("body", "told"), REFUSED)
def test_what_cannot_be_said_is_refused_by_name(body: dict[str, Any], told: str) -> None:
    with pytest.raises(ClientError) as caught:
        asked(body)
    assert caught.value.fault.kind == "invalid_request"
    assert told in caught.value.fault.message


def test_a_count_may_bring_the_request_inside() -> None:
    inside = msgspec.json.encode({"generateContentRequest": {"model": "models/m", **HELLO, "tools": TOOLS}})
    said = decode_request(inside, "/v1/models/m:countTokens", SEAL)
    assert (said.turns, len(said.tools), said.stream) == (asked({}).turns, 3, False)


@pytest.mark.parametrize(
    ("search", "excluded", "dropped"),
    [
        ({"googleSearch": {}}, (), ()),
        ({"google_search": {"exclude_domains": ["b.com"]}}, ("b.com",), ()),
        ({"googleSearchRetrieval": {"x": 1}}, (), ("tools[].googleSearchRetrieval.x",)),
    ],
)
def test_googles_search_is_a_search(
    search: dict[str, Any], excluded: tuple[str, ...], dropped: tuple[str, ...]
) -> None:
    said = asked({"tools": [search], "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}})
    options = SearchOptions(blocked_domains=excluded)
    assert said.tools == (Tool("web_search", kind="web_search", options=options),)
    assert (said.tool_choice, said.dropped) == (None, dropped)
