"""How much a model of OpenAI's shall think, in the words that all of them take."""

from __future__ import annotations

from typing import Final

from peekd.protocols.openai.models import Traits
from peekd.vocabulary.conversation import Thought

_EFFORTS: Final = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
"""What every reasoning model takes; more than high is few models' own."""

_BUDGETS: Final = ((4_096, "low"), (16_384, "medium"))
"""Budgets up to the figure are that effort; larger ones are high."""


def effort_of(thought: Thought | None, known: Traits, dropped: dict[str, None]) -> str | None:
    """Say how much to think, None where nothing is to be said.

    Not to think is no word that every model knows. What cannot be said is named in `dropped`.

    >>> effort_of(Thought("enabled", budget=10_000), Traits(), {})
    'medium'
    """
    if thought is None:
        return None
    if thought.mode == "disabled":
        dropped["thought.disabled"] = None
        return None
    effort = _EFFORTS.get(thought.effort or "")
    if effort is None and thought.budget is not None:
        budget = thought.budget
        effort = next((name for most, name in _BUDGETS if budget <= most), "high")
    if effort is not None and not known.effort:
        dropped["thought"] = None
        return None
    return effort
