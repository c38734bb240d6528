"""Which openai-chat requests may be answered twice, by what their tools and fields are."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.openai_chat.effects import has_effects


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"store": False, "tools": [{"type": "function"}, {"type": "custom"}, {}]},
    ],
)
def test_what_only_answers_has_none(said: dict[str, Any]) -> None:
    assert not has_effects(msgspec.json.encode(said))


@pytest.mark.parametrize(
    "said",
    [
        {"store": True},
        {"web_search_options": {}},
        {"tools": [{"type": "something"}]},
    ],
)
def test_what_does_something_at_the_upstream_has_some(said: dict[str, Any]) -> None:
    assert has_effects(msgspec.json.encode(said))
