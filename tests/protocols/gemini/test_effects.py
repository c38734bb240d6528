"""Which gemini requests may be answered twice, by what their tools and fields are."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from peekd.protocols.gemini.effects import has_effects

PLAIN: list[dict[str, Any]] = [
    {},
    {"tools": [{"functionDeclarations": []}, {"function_declarations": []}, {}]},
]


@pytest.mark.parametrize("said", PLAIN)
def test_what_only_answers_has_none(said: dict[str, Any]) -> None:
    assert not has_effects(msgspec.json.encode(said))


ACTING: list[dict[str, Any]] = [
    {"tools": [{"googleSearch": {}}]},
    {"tools": [{"functionDeclarations": [], "codeExecution": {}}]},
    {"tools": ["x"]},
]


@pytest.mark.parametrize("said", ACTING)
def test_what_does_something_at_the_upstream_has_some(said: dict[str, Any]) -> None:
    assert has_effects(msgspec.json.encode(said))
