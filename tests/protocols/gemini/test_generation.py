"""Sampling, limits and thinking by model."""

from __future__ import annotations

from typing import Any

import pytest

from peekd.protocols.gemini.generation import encode_generation
from peekd.protocols.gemini.models import traits
from peekd.vocabulary.conversation import Conversation, Thought


def thinking(model: str, thought: Thought, most: int | None = None) -> dict[str, Any] | None:
    config, _ = encode_generation(Conversation("m", (), thought=thought, max_tokens=most), traits(model))
    return config.get("thinkingConfig")


def budget(figure: int) -> dict[str, Any]:
    return {"includeThoughts": True, "thinkingBudget": figure}


def level(word: str) -> dict[str, Any]:
    return {"includeThoughts": True, "thinkingLevel": word}


def test_what_the_client_left_out_stays_out() -> None:
    assert encode_generation(Conversation("m", ()), traits("gemini-3-pro")) == ({}, ())


def test_sampling_and_limits_carry_over_zero_included() -> None:
    said = Conversation("m", (), temperature=0.0, top_p=0.5, top_k=40, max_tokens=100, stop=("a", "b"))
    assert encode_generation(said, traits("gemini-2.5-pro")) == (
        {
            "temperature": 0.0,
            "topP": 0.5,
            "topK": 40,
            "maxOutputTokens": 100,
            "stopSequences": ["a", "b"],
        },
        (),
    )


def test_more_stop_sequences_than_gemini_takes_are_cut_and_recorded() -> None:
    config, dropped = encode_generation(Conversation("m", (), stop=tuple("abcdefg")), traits("gemini-3-pro"))
    assert config["stopSequences"] == list("abcde")
    assert dropped == ("stop[5]", "stop[6]")


def test_more_output_than_the_model_can_give_is_cut_and_recorded() -> None:
    config, dropped = encode_generation(Conversation("m", (), max_tokens=128_000), traits("gemini-3-pro"))
    assert config["maxOutputTokens"] == 65_536
    assert dropped == ("max_tokens over 65536",)


@pytest.mark.parametrize(
    ("model", "asked", "most", "given"),
    [
        ("gemini-2.5-pro", 8_000, None, 8_000),
        ("gemini-2.5-pro", 1, None, 128),
        ("gemini-2.5-pro", 99_999, None, 32_768),
        ("gemini-2.5-flash", 99_999, None, 24_576),
        ("gemini-2.5-flash-lite", 100, None, 512),
        ("gemini-2.5-pro", 31_999, 32_000, 31_999),
        ("gemini-2.5-pro", 5_000, 4_000, 3_999),
        ("gemini-2.5-pro", 5_000, 50, 128),
    ],
)
def test_a_budget_stays_in_the_models_range_and_below_the_output(
    model: str, asked: int, most: int | None, given: int
) -> None:
    assert thinking(model, Thought("enabled", budget=asked), most) == budget(given)


def test_a_budget_for_which_there_is_no_room_is_none_where_the_model_can_do_without() -> None:
    assert thinking("gemini-2.5-flash-lite", Thought("enabled", budget=5_000), 300) == {"thinkingBudget": 0}


def test_a_budget_that_stands_for_an_effort_leaves_half_of_the_output_for_the_answer() -> None:
    assert thinking("gemini-2.5-pro", Thought("adaptive", effort="high"), 5_000) == budget(2_500)


@pytest.mark.parametrize(
    ("effort", "given"),
    [(None, -1), ("low", 1_024), ("medium", 8_192), ("high", 24_576), ("max", 32_768), ("new", -1)],
)
def test_adaptive_thinking_is_dynamic_unless_an_effort_is_told(effort: str | None, given: int) -> None:
    assert thinking("gemini-2.5-pro", Thought("adaptive", effort=effort)) == budget(given)


@pytest.mark.parametrize(
    ("model", "effort", "given"),
    [
        ("gemini-3.1-pro", "low", "LOW"),
        ("gemini-3.1-pro", "medium", "MEDIUM"),
        ("gemini-3-pro-preview", "medium", "HIGH"),
        ("gemini-3.8-flash", "xhigh", "HIGH"),
        ("gemini-3.8-flash", "max", "HIGH"),
        ("gemini-3.8-flash", "minimal", "LOW"),
        ("gemini-3-flash-preview", "minimal", "MINIMAL"),
    ],
)
def test_an_effort_is_the_nearest_level_at_or_above_it(model: str, effort: str, given: str) -> None:
    assert thinking(model, Thought("adaptive", effort=effort)) == level(given)


@pytest.mark.parametrize(("asked", "given"), [(1_024, "LOW"), (8_000, "MEDIUM"), (31_999, "HIGH")])
def test_a_budget_is_a_level_where_the_model_takes_levels(asked: int, given: str) -> None:
    assert thinking("gemini-3.1-pro", Thought("enabled", budget=asked)) == level(given)


def test_without_effort_the_model_keeps_its_own_level_and_shows_its_thoughts() -> None:
    assert thinking("gemini-3.1-pro", Thought("adaptive")) == {"includeThoughts": True}


def test_thoughts_are_asked_for_even_where_the_client_hides_them() -> None:
    assert thinking("gemini-3.1-pro", Thought("adaptive", shown=False)) == {"includeThoughts": True}


@pytest.mark.parametrize(
    ("model", "given"),
    [
        ("gemini-2.5-flash", {"thinkingBudget": 0}),
        ("gemini-2.5-flash-lite", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", {"thinkingBudget": 128}),
        ("gemini-3-flash-preview", {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.8-flash", {"thinkingLevel": "LOW"}),
        ("gemini-3-pro-preview", {"thinkingLevel": "LOW"}),
    ],
)
def test_disabled_thinking_is_off_or_the_least_there_is(model: str, given: dict[str, Any]) -> None:
    assert thinking(model, Thought("disabled")) == given


def test_a_model_that_does_not_think_is_not_asked_to() -> None:
    said = Conversation("m", (), thought=Thought("enabled", budget=1_000))
    assert encode_generation(said, traits("gemini-2.0-flash")) == ({}, ("thought",))


def test_an_output_schema_asks_for_json_of_that_shape() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    asked = Conversation("m", (), output_schema=schema)
    config, dropped = encode_generation(asked, traits("gemini-3-pro"))
    assert (config, dropped) == ({"responseMimeType": "application/json", "responseJsonSchema": schema}, ())
    config, dropped = encode_generation(asked, traits("gemini-3-pro"), plain=False)
    assert config == {
        "responseMimeType": "application/json",
        "responseSchema": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}},
    }
    assert dropped == ("output_schema.additionalProperties",)
