"""What a request asks is read from its path, headers and body, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from peekd.simulator.asked import Asked

Read = Callable[..., Asked]


@pytest.mark.parametrize(
    ("line", "headers", "language", "verb", "model"),
    [
        ("POST /v1/messages?beta=true", {}, "anthropic", "generate", "m"),
        ("POST /v1/messages/count_tokens", {}, "anthropic", "count", "m"),
        ("POST /v1beta/models/g:streamGenerateContent?alt=sse", {}, "gemini", "generate", "g"),
        ("POST /v1/models/g:generateContent", {}, "gemini", "generate", "g"),
        ("POST /v1/models/g:countTokens", {}, "gemini", "count", "g"),
        ("POST /v1internal:streamGenerateContent?alt=sse", {}, "gemini", "generate", "m"),
        ("POST /v1internal:countTokens", {}, "gemini", "count", "m"),
        (
            "POST /v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent?alt=sse",
            {},
            "gemini",
            "generate",
            "g",
        ),
        (
            "POST /v1/projects/p/locations/l/publishers/google/models/g:countTokens",
            {},
            "gemini",
            "count",
            "g",
        ),
        (
            "POST /v1/projects/p/locations/l/publishers/anthropic/models/c:rawPredict",
            {},
            "anthropic",
            "generate",
            "c",
        ),
        (
            "POST /v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict",
            {},
            "anthropic",
            "count",
            "m",
        ),
        ("POST /v1internal:loadCodeAssist", {}, "anthropic", "unknown", ""),
        ("POST /v1/models/g:embedContent", {}, "anthropic", "unknown", ""),
        ("GET /v1/models?limit=1000", {"anthropic-version": "2023-06-01"}, "anthropic", "models", ""),
        ("GET /v1/models", {"x-goog-api-key": "k"}, "gemini", "models", ""),
        ("GET /v1beta/models/g", {}, "gemini", "model", "g"),
        ("GET /v1/messages", {}, "anthropic", "unknown", ""),
        ("GET /v1/responses", {"upgrade": "websocket"}, "openai-responses", "websocket", ""),
        ("POST /nowhere", {"x-goog-api-key": "k"}, "gemini", "unknown", ""),
    ],
)
def test_path_and_headers_say_language_and_verb(
    asked_of: Read, line: str, headers: dict[str, str], language: str, verb: str, model: str
) -> None:
    method, target = line.split()
    asked = asked_of(target, {"model": "m"}, headers, method)
    assert (asked.language, asked.verb, asked.model) == (language, verb, model)


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/v1/messages", {"x-api-key": "k"}),
        ("/v1/messages", {"authorization": "Bearer k"}),
        ("/v1/models/g:generateContent", {"x-goog-api-key": "k"}),
        ("/v1/models/g:generateContent?key=k", {}),
    ],
)
def test_the_credential_is_found_wherever_it_stands(
    asked_of: Read, target: str, headers: dict[str, str]
) -> None:
    assert asked_of(target, {}, headers).key == "k"


def test_an_anthropic_body_is_read(asked_of: Read) -> None:
    body: dict[str, Any] = {
        "model": "claude",
        "stream": True,
        "thinking": {"type": "adaptive", "display": "omitted"},
        "tools": [{"name": "Bash", "input_schema": {"type": "object"}}],
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "string"}}},
        "messages": [
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "s"}]},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "content": [{"type": "text", "text": "out"}]},
                    {"type": "text", "text": "Go on."},
                    {"type": "text", "text": "<system-reminder>not these words</system-reminder>"},
                ],
            },
            {"role": "system", "content": "nor these"},
        ],
    }
    asked = asked_of("/v1/messages", body)
    assert (asked.stream, asked.thinks, asked.shown, asked.signed) == (True, True, False, True)
    assert (asked.text, asked.result, asked.tools) == ("Go on.", "out", ("Bash",))
    assert asked.inputs == {"Bash": {"type": "object"}}
    assert asked.schema == {"type": "string"}
    assert asked.number == 7
    assert [asked.holds(condition) for condition in ("signed", "tools", "result", "stream", "whole")] == [
        True, True, True, True, False,
    ]  # fmt: skip


def test_a_gemini_body_is_read(asked_of: Read) -> None:
    body: dict[str, Any] = {
        "generationConfig": {
            "thinkingConfig": {"includeThoughts": True},
            "responseJsonSchema": {"type": "OBJECT"},
        },
        "tools": [
            {"functionDeclarations": [{"name": "run_shell_command", "parameters": {"type": "OBJECT"}}]},
            {"function_declarations": [{"name": "edit", "parametersJsonSchema": {"type": "object"}}]},
            {"googleSearch": {}},
        ],
        "contents": [
            {"role": "user", "parts": [{"text": "Hi"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "x"}, "thoughtSignature": "s"}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "x", "response": {"output": "out"}}}]},
        ],
    }
    asked = asked_of("/v1beta/models/g:streamGenerateContent", body)
    assert (asked.stream, asked.array, asked.thinks, asked.signed) == (True, True, True, True)
    assert (asked.text, asked.result, asked.tools) == ("", "out", ("run_shell_command", "edit"))
    assert asked.inputs == {"run_shell_command": {"type": "OBJECT"}, "edit": {"type": "object"}}
    assert asked.schema == {"type": "OBJECT"}


def test_rules_at_the_end_of_a_chat_are_not_what_was_said(asked_of: Read) -> None:
    body: dict[str, Any] = {
        "messages": [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Be brief."}],
        "tools": [{"type": "function", "function": {"name": "bash", "parameters": {"type": "object"}}}],
    }
    asked = asked_of("/v1/chat/completions", body)
    assert (asked.text, asked.tools, asked.inputs) == ("Hi", ("bash",), {"bash": {"type": "object"}})


ODD: list[Any] = [
    b"",
    b"{",
    b"[]",
    {"messages": "x", "tools": [1], "thinking": 3, "contents": [[]], "generationConfig": None},
]


@pytest.mark.parametrize("body", ODD)
@pytest.mark.parametrize("target", ["/v1/messages", "/v1/models/g:generateContent"])
def test_an_odd_body_is_no_exception(asked_of: Read, target: str, body: object) -> None:
    asked = asked_of(target, body)
    assert (asked.text, asked.tools, asked.tokens >= 1) == ("", (), True)
    assert bool(asked.fault) == isinstance(body, bytes)


def test_an_envelope_is_opened_and_one_without_a_request_is_a_fault(asked_of: Read) -> None:
    inside = {"contents": [{"parts": [{"text": "Hi"}]}]}
    asked = asked_of("/v1internal:generateContent", {"model": "m", "project": "p", "request": inside})
    assert (asked.envelope, asked.model, asked.text, asked.fault) == (True, "m", "Hi", "")
    assert asked_of("/v1internal:countTokens", {"request": {**inside, "model": "models/m"}}).model == "m"
    assert "request" in asked_of("/v1internal:generateContent", {"model": "m", **inside}).fault


OFFERS: list[tuple[str, list[dict[str, Any]], bool]] = [
    ("/v1/messages", [{"type": "web_search_20250305", "name": "web_search"}], True),
    ("/v1/messages", [{"type": "web_search_20250305", "name": "web_search"}, {"name": "Bash"}], False),
    ("/v1/messages", [], False),
    ("/v1/models/g:generateContent", [{"googleSearch": {}}], True),
    ("/v1/models/g:generateContent", [{"functionDeclarations": [{"name": "Bash"}]}], False),
]


@pytest.mark.parametrize(("target", "tools", "searches"), OFFERS)
def test_a_search_offered_alone_is_noticed(
    asked_of: Read, target: str, tools: list[dict[str, Any]], *, searches: bool
) -> None:
    assert asked_of(target, {"model": "m", "tools": tools}).searches is searches


VERTEX = "/v1/projects/p/locations/l/publishers/anthropic/models/c:streamRawPredict"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"anthropic_version": "vertex-2023-10-16"}, ""),
        ({}, "anthropic_version: Field required"),
        ({"anthropic_version": "vertex-2023-10-16", "model": "m"}, "model: Extra inputs are not permitted"),
    ],
)
def test_vertex_takes_the_version_in_the_body_and_no_model(
    asked_of: Read, body: dict[str, Any], fault: str
) -> None:
    asked = asked_of(VERTEX, body, {}, "POST")
    assert (asked.model, asked.stream, asked.fault) == ("c", True, fault)
