"""What a model's name tells."""

from __future__ import annotations

import pytest

from peekd.protocols.gemini.models import traits


@pytest.mark.parametrize(
    ("model", "steering", "signed"),
    [
        ("gemini-1.5-pro", "none", ""),
        ("gemini-2.0-flash-lite", "none", ""),
        ("gemini-2.5-pro", "budget", ""),
        ("gemini-2.5-flash-lite-preview-09-2025", "budget", ""),
        ("models/gemini-2.5-flash", "budget", ""),
        ("gemini-3-pro-preview", "level", "signed"),
        ("gemini-3.1-pro-preview", "level", "signed"),
        ("gemini-3.8-flash", "level", "signed"),
        ("gemini-10-ultra", "level", "signed"),
        ("gemini-pro-latest", "level", "signed"),
        ("some-private-tune", "level", "signed"),
    ],
)
def test_the_generation_decides_how_thinking_is_steered_and_whether_calls_are_checked(
    model: str, steering: str, signed: str
) -> None:
    assert traits(model).steering == steering
    assert traits(model).signed_calls == (signed == "signed")


def test_budgets_follow_the_documented_ranges() -> None:
    assert traits("gemini-2.5-pro").budget == (128, 32_768)
    assert not traits("gemini-2.5-pro").can_rest
    assert traits("gemini-2.5-flash").budget[1] == 24_576
    assert traits("gemini-2.5-flash-lite").budget == (512, 24_576)
    assert traits("gemini-2.5-flash-lite").can_rest


def test_the_lowest_level_is_one_that_the_model_has() -> None:
    lowest = {name: traits(f"gemini-{name}").levels[0] for name in ("3-flash-preview", "3.1-flash-lite")}
    assert set(lowest.values()) == {"MINIMAL"}
    assert {
        traits(f"gemini-{name}").levels[0] for name in ("3-pro-preview", "3.1-pro", "3.8-flash", "9")
    } == {"LOW"}


@pytest.mark.parametrize(
    ("model", "plain"),
    [
        ("gemini-2.0-flash", False),
        ("gemini-1.5-pro", False),
        ("gemini-2.5-flash", True),
        ("gemini-4-x", True),
    ],
)
def test_json_schema_is_for_newer_models(model: str, *, plain: bool) -> None:
    assert traits(model).plain_schemas is plain
