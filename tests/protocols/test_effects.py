"""Which requests may be answered twice: by what their tools and fields are in each protocol."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.effects import acts, kind_of, tools_of
from peekd.protocols.registry import CLIENTS

PLAIN: list[tuple[str, dict[str, Any]]] = [
    ("anthropic", {}),
    ("anthropic", {"tools": None}),
    ("anthropic", {"tools": [{"name": "x", "input_schema": {}}, {"type": "custom", "name": "y"}]}),
    ("anthropic", {"tools": [{"type": "bash_20250124", "name": "bash"}, {"type": "text_editor_20250728"}]}),
    ("anthropic", {"mcp_servers": [], "container": None}),
    ("gemini", {}),
    ("gemini", {"tools": [{"functionDeclarations": []}, {"function_declarations": []}, {}]}),
    ("openai-chat", {}),
    ("openai-chat", {"store": False, "tools": [{"type": "function"}, {"type": "custom"}, {}]}),
    ("openai-responses", {"store": False}),
    ("openai-responses", {"store": False, "tools": [{"type": "function"}, {"type": "local_shell"}]}),
    ("openai-responses", {"store": False, "tools": [{"type": "namespace", "tools": [{"type": "function"}]}]}),
    ("openai-completions", {"prompt": "x"}),
]
ACTING: list[tuple[str, dict[str, Any]]] = [
    ("anthropic", {"tools": [{"type": "web_search_20250305"}]}),
    ("anthropic", {"tools": [{"name": "x"}, {"type": "code_execution_20250825"}]}),
    ("anthropic", {"tools": [{"type": "something_new"}]}),
    ("anthropic", {"tools": ["x"]}),
    ("anthropic", {"tools": {"type": "web_fetch_20250910"}}),
    ("anthropic", {"mcp_servers": [{"url": "x"}]}),
    ("anthropic", {"container": "c_1"}),
    ("gemini", {"tools": [{"googleSearch": {}}]}),
    ("gemini", {"tools": [{"functionDeclarations": [], "codeExecution": {}}]}),
    ("gemini", {"tools": ["x"]}),
    ("openai-chat", {"store": True}),
    ("openai-chat", {"web_search_options": {}}),
    ("openai-chat", {"tools": [{"type": "something"}]}),
    ("openai-responses", {}),
    ("openai-responses", {"store": True}),
    ("openai-responses", {"store": None}),
    ("openai-responses", {"store": False, "background": True}),
    ("openai-responses", {"store": False, "previous_response_id": "resp_1"}),
    ("openai-responses", {"store": False, "conversation": "conv_1"}),
    ("openai-responses", {"store": False, "tools": [{"type": "web_search"}]}),
    ("openai-responses", {"store": False, "tools": [{"type": "mcp"}]}),
    ("openai-responses", {"store": False, "tools": [{"type": "namespace", "tools": [{"type": "mcp"}]}]}),
]


@pytest.mark.parametrize(("protocol", "said"), PLAIN)
def test_what_only_answers_has_none(protocol: str, said: dict[str, Any]) -> None:
    assert not CLIENTS[protocol].has_effects(msgspec.json.encode(said))


@pytest.mark.parametrize(("protocol", "said"), ACTING)
def test_what_does_something_at_the_upstream_has_some(protocol: str, said: dict[str, Any]) -> None:
    assert CLIENTS[protocol].has_effects(msgspec.json.encode(said))


@pytest.mark.parametrize("protocol", ["anthropic", "gemini", "openai-chat", "openai-responses"])
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"tools": [{"type": 1}]}'])
def test_in_doubt_it_has_some(protocol: str, body: bytes) -> None:
    assert CLIENTS[protocol].has_effects(body)


def test_tools_and_their_kinds_are_read_of_any_json() -> None:
    assert list(tools_of({"tools": 1})) == [1]
    assert list(tools_of({})) == []
    assert (kind_of({}, "function"), kind_of({"type": 1}, "function"), kind_of("x", "function")) == (
        "function",
        "",
        "",
    )
    assert acts(b"{}", lambda said: bool(said)) is False
