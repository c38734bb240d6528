"""Which openai-responses requests may be answered twice, by what their tools and fields are."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.openai_responses.effects import has_effects

PLAIN: list[dict[str, Any]] = [
    {"store": False},
    {"store": False, "tools": [{"type": "function"}, {"type": "local_shell"}]},
    {"store": False, "tools": [{"type": "namespace", "tools": [{"type": "function"}]}]},
]


@pytest.mark.parametrize("said", PLAIN)
def test_what_only_answers_has_none(said: dict[str, Any]) -> None:
    assert not has_effects(msgspec.json.encode(said))


ACTING: list[dict[str, Any]] = [
    {},
    {"store": True},
    {"store": None},
    {"store": False, "background": True},
    {"store": False, "previous_response_id": "resp_1"},
    {"store": False, "conversation": "conv_1"},
    {"store": False, "tools": [{"type": "web_search"}]},
    {"store": False, "tools": [{"type": "mcp"}]},
    {"store": False, "tools": [{"type": "namespace", "tools": [{"type": "mcp"}]}]},
]


@pytest.mark.parametrize("said", ACTING)
def test_what_does_something_at_the_upstream_has_some(said: dict[str, Any]) -> None:
    assert has_effects(msgspec.json.encode(said))
