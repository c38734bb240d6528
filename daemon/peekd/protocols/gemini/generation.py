"""Sampling, limits and thinking of a conversation as Gemini's `generationConfig`."""

from __future__ import annotations

from typing import Any, Final

from peekd.protocols.gemini.models import Level, Traits
from peekd.protocols.gemini.plain import plain_schema
from peekd.protocols.gemini.schema import clean_schema
from peekd.vocabulary.conversation import Conversation, Thought

_MAX_STOPS: Final = 5
"""Gemini refuses a request with more stop sequences."""

_DYNAMIC: Final = -1
"""As a budget: the model decides for itself."""

_SCHEMAS: Final = {True: ("responseJsonSchema", plain_schema), False: ("responseSchema", clean_schema)}

_EFFORT_LEVEL: Final[dict[str, Level]] = {
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "HIGH",
    "max": "HIGH",
}

_EFFORT_BUDGET: Final = {
    "minimal": 1_024,
    "low": 1_024,
    "medium": 8_192,
    "high": 24_576,
    "xhigh": 32_768,
    "max": 32_768,
}
"""low, medium and high are Google's own equation of efforts and budgets (its OpenAI compatibility page)."""

_BUDGET_LEVEL: Final[tuple[tuple[int, Level], ...]] = ((4_096, "LOW"), (16_384, "MEDIUM"))
"""Budgets up to the figure are that level; larger ones are HIGH."""

_LADDER: Final[tuple[Level, ...]] = ("MINIMAL", "LOW", "MEDIUM", "HIGH")


def encode_generation(
    conversation: Conversation, known: Traits, *, plain: bool = True
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Give the `generationConfig` for a model of which this is known, and what could not be said, by name.

    `plain`: a schema goes as JSON Schema. What the client left out stays out. More output than the model can
    give is cut to its most.
    """
    dropped: list[str] = []
    config: dict[str, Any] = {
        name: value
        for name, value in (
            ("temperature", conversation.temperature),
            ("topP", conversation.top_p),
            ("topK", conversation.top_k),
        )
        if value is not None
    }
    if conversation.max_tokens is not None:
        config["maxOutputTokens"] = min(conversation.max_tokens, known.max_output)
        if conversation.max_tokens > known.max_output:
            dropped.append(f"max_tokens over {known.max_output}")
    if conversation.stop:
        config["stopSequences"] = list(conversation.stop[:_MAX_STOPS])
        dropped.extend(f"stop[{n}]" for n in range(_MAX_STOPS, len(conversation.stop)))
    if conversation.thought is not None:
        if known.steering == "none":
            dropped.append("thought")
        else:
            config["thinkingConfig"] = _thinking(conversation.thought, known, config.get("maxOutputTokens"))
    if conversation.output_schema is not None:
        key, clean = _SCHEMAS[plain]
        schema, lost = clean(conversation.output_schema)
        config["responseMimeType"] = "application/json"
        if conversation.output_schema:
            config[key] = schema
        dropped.extend(f"output_schema.{word}" for word in lost)
    return config, tuple(dropped)


def _thinking(thought: Thought, known: Traits, most: int | None) -> dict[str, Any]:
    """Say how much to think. Thoughts are asked for even where the client hides them: they show progress."""
    config: dict[str, Any] = {} if thought.mode == "disabled" else {"includeThoughts": True}
    if known.steering == "level":
        level = _level(thought, known)
        return config if level is None else config | {"thinkingLevel": level}
    budget = _budget(thought, known, most)
    return {"thinkingBudget": 0} if budget == 0 else config | {"thinkingBudget": budget}


def _level(thought: Thought, known: Traits) -> Level | None:
    if thought.mode == "disabled":
        return known.levels[0]
    wanted = _EFFORT_LEVEL.get(thought.effort or "")
    if wanted is None and thought.mode == "enabled" and thought.budget is not None:
        wanted = next((level for most, level in _BUDGET_LEVEL if thought.budget <= most), "HIGH")
    if wanted is None:
        return None
    at_least = _LADDER[_LADDER.index(wanted) :]
    return next(level for level in at_least if level in known.levels)


def _budget(thought: Thought, known: Traits, most: int | None) -> int:
    """Give the budget: within the model's range and below the whole output, where that leaves room.

    One that the client named may take all but the last token; one that stands for an effort, half.
    """
    least = 0 if known.can_rest else known.budget[0]
    if thought.mode == "disabled":
        return least
    named = thought.budget if thought.mode == "enabled" else None
    wanted = _EFFORT_BUDGET.get(thought.effort or "", _DYNAMIC) if named is None else named
    if wanted == _DYNAMIC:
        return _DYNAMIC
    low, high = known.budget
    if most is not None:
        high = min(high, most // 2 if named is None else most - 1)
    return min(max(wanted, low), high) if high >= low else least
