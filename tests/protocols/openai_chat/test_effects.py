"""Which openai-chat requests may be answered twice, by what their tools and fields are."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.openai_chat.effects import has_effects

PLAIN: list[dict[str, Any]] = [
    {},
    {"store": False, "tools": [{"type": "function"}, {"type": "custom"}, {}]},
]


@pytest.mark.parametrize("said", PLAIN)
def test_what_only_answers_has_none(said: dict[str, Any]) -> None:
    assert not has_effects(msgspec.json.encode(said))


ACTING: list[dict[str, Any]] = [
    {"store": True},
    {"web_search_options": {}},
    {"tools": [{"type": "something"}]},
]


@pytest.mark.parametrize("said", ACTING)
def test_what_does_something_at_the_upstream_has_some(said: dict[str, Any]) -> None:
    assert has_effects(msgspec.json.encode(said))
