"""What a Responses request asks, whatever its client left out."""

from __future__ import annotations

from typing import Any

import pytest

from peekd.simulator.responses_asked import read_responses

SEALED = {"include": ["reasoning.encrypted_content"]}


@pytest.mark.parametrize(
    ("said", "field", "told"),
    [
        ({"input": "hi"}, "text", "hi"),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]}, "text", "hi"),
        ({"input": [{"role": "developer", "content": "x"}]}, "text", ""),
        ({"input": [{"role": "user", "content": "hi"}, {"role": "developer", "content": "x"}]}, "text", "hi"),
        ({"input": [{"type": "function_call_output", "output": "done"}]}, "result", "done"),
        ({"input": [{"type": "x", "output": [{"type": "input_text", "text": "done"}]}]}, "result", "done"),
        ({"input": "hi"}, "result", None),
        ({"input": [{"type": "reasoning", "encrypted_content": "e"}, {"role": "user"}]}, "signed", True),
        ({"input": [{"type": "reasoning", "encrypted_content": None}]}, "signed", False),
        ({"input": [{"type": "compaction_trigger"}]}, "compacts", True),
        ({"reasoning": {"effort": "none"}}, "thinks", False),
        ({"reasoning": {"effort": "low"}}, "thinks", True),
        ({"reasoning": {"summary": "auto"}}, "shown", True),
        ({"reasoning": {"effort": "low"}}, "shown", False),
        (SEALED, "sealed", True),
        ({"include": 7}, "sealed", False),
        ({"tools": [{"type": "web_search"}]}, "searches", True),
        ({"tools": [{"type": "web_search"}, {"type": "function", "name": "f"}]}, "searches", False),
        (
            {"tools": [{"type": "web_search"}, {"type": "function", "name": "f"}]},
            "tools",
            ("web_search", "f"),
        ),
        ({"tools": [{"type": "custom", "name": "p"}]}, "kinds", {"p": "custom"}),
        (
            {"tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]},
            "inputs",
            {"f": {"type": "object"}},
        ),
        ({}, "searches", False),
        ({}, "text", ""),
    ],
)
def test_fields(said: dict[str, Any], field: str, told: object) -> None:
    assert read_responses(said)[field] == told


def test_tools_of_a_namespace_are_known_by_their_own_names() -> None:
    inside = [{"type": "function", "name": "a"}, {"type": "custom", "name": "b"}]
    read = read_responses({"tools": [{"type": "namespace", "name": "g", "tools": inside}]})
    assert (read["tools"], read["groups"], read["kinds"]) == (
        ("a", "b"),
        {"a": "g", "b": "g"},
        {"b": "custom"},
    )
