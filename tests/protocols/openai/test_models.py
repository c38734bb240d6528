"""OpenAI's own families are known by name; nobody else's."""

from __future__ import annotations

import pytest

from peekd.protocols.openai.models import Traits, traits


@pytest.mark.parametrize(
    ("model", "limit", "samples", "effort"),
    [
        ("o3", "max_completion_tokens", False, True),
        ("openai/gpt-5-mini", "max_completion_tokens", False, True),
        ("gpt-5-chat-latest", "max_tokens", True, False),
        ("gpt-4.1", "max_tokens", True, False),
        ("chatgpt-4o-latest", "max_tokens", True, False),
    ],
)
def test_what_openais_families_take(model: str, limit: str, *, samples: bool, effort: bool) -> None:
    assert traits(model) == Traits(limit, samples, effort)


@pytest.mark.parametrize("model", ["qwen3-coder", "deepseek/deepseek-v3.2", "olmo1", "gpt-oss-120b", ""])
def test_of_others_nothing_is_known(model: str) -> None:
    assert traits(model) == Traits()
