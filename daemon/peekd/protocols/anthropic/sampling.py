"""What this API takes of sampling and thinking together; what it would refuse is left out, and named.

https://platform.claude.com/docs/en/build-with-claude/extended-thinking: with thinking on neither temperature
nor top_k may be set, and top_p from 0.95 only; a budget is at least 1,024 tokens and below max_tokens. Newer
models refuse temperature and top_p together. Temperature ends at 1 here, where other APIs go to 2.
"""

from __future__ import annotations

from typing import Final

import msgspec

from peekd.vocabulary.conversation import Conversation, Thought

HOTTEST: Final = 1.0
LEAST_BUDGET: Final = 1024
LEAST_TOP_P_THINKING: Final = 0.95


def acceptable(conversation: Conversation, max_tokens: int) -> tuple[Conversation, tuple[str, ...]]:
    """Give the conversation with settings that go together, and the names of those that had to go."""
    thought = _thought(conversation.thought, max_tokens)
    fitted = msgspec.structs.replace(conversation, thought=thought)
    fitted = _thinking(fitted) if thought is not None and thought.mode != "disabled" else _plain(fitted)
    if fitted.temperature is not None:
        fitted = msgspec.structs.replace(fitted, temperature=min(fitted.temperature, HOTTEST))
    names = ("temperature", "top_p", "top_k", "thought")
    return fitted, tuple(name for name in names if getattr(fitted, name) != getattr(conversation, name))


def _thought(thought: Thought | None, max_tokens: int) -> Thought | None:
    """Keep a budget within its bounds; where there is no room for one, there is no thinking."""
    if thought is None or thought.mode != "enabled":
        return thought
    budget = min(max(thought.budget or LEAST_BUDGET, LEAST_BUDGET), max_tokens - 1)
    return msgspec.structs.replace(thought, budget=budget) if budget >= LEAST_BUDGET else None


def _thinking(conversation: Conversation) -> Conversation:
    top_p = conversation.top_p
    kept = top_p if top_p is not None and top_p >= LEAST_TOP_P_THINKING else None
    return msgspec.structs.replace(conversation, temperature=None, top_k=None, top_p=kept)


def _plain(conversation: Conversation) -> Conversation:
    both = conversation.temperature is not None and conversation.top_p is not None
    return msgspec.structs.replace(conversation, top_p=None) if both else conversation
