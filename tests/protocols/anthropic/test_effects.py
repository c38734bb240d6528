"""Which anthropic requests may be answered twice, by what their tools and fields are."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.anthropic.effects import has_effects

PLAIN: list[dict[str, Any]] = [
    {},
    {"tools": None},
    {"tools": [{"name": "x", "input_schema": {}}, {"type": "custom", "name": "y"}]},
    {"tools": [{"type": "bash_20250124", "name": "bash"}, {"type": "text_editor_20250728"}]},
    {"mcp_servers": [], "container": None},
]


@pytest.mark.parametrize("said", PLAIN)
def test_what_only_answers_has_none(said: dict[str, Any]) -> None:
    assert not has_effects(msgspec.json.encode(said))


ACTING: list[dict[str, Any]] = [
    {"tools": [{"type": "web_search_20250305"}]},
    {"tools": [{"name": "x"}, {"type": "code_execution_20250825"}]},
    {"tools": [{"type": "something_new"}]},
    {"tools": ["x"]},
    {"tools": {"type": "web_fetch_20250910"}},
    {"mcp_servers": [{"url": "x"}]},
    {"container": "c_1"},
]


@pytest.mark.parametrize("said", ACTING)
def test_what_does_something_at_the_upstream_has_some(said: dict[str, Any]) -> None:
    assert has_effects(msgspec.json.encode(said))
