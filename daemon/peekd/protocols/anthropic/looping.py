"""What this API demands of a turn whose calls are being answered, and what is done where it cannot be had.

https://platform.claude.com/docs/en/build-with-claude/extended-thinking: with a budget such a turn must begin
with a thought of its own; without one thinking is off for that answer. Adaptive thinking demands nothing.
"""

from __future__ import annotations

import msgspec

from peekd.protocols.anthropic.carriers import FAMILY
from peekd.vocabulary.conversation import (
    THOUGHTS,
    Conversation,
    Part,
    ToolCall,
    ToolResult,
    Turn,
)


def fit_for_loop(conversation: Conversation, *, repaired: bool) -> tuple[Conversation, tuple[str, ...]]:
    """Give the conversation without thinking where it would be refused, and the name of what went.

    `repaired`: replayed thoughts will be left out.
    """
    thought = conversation.thought
    if thought is None or thought.mode != "enabled" or not _waits(conversation.turns, repaired=repaired):
        return conversation, ()
    return msgspec.structs.replace(conversation, thought=None), ("thinking for this answer",)


def _waits(turns: tuple[Turn, ...], *, repaired: bool) -> bool:
    """Tell whether calls are answered of a turn that will not begin with a thought."""
    spoken = [turn for turn in turns if turn.role != "system"]
    if [turn.role for turn in spoken[-2:]] != ["assistant", "user"]:
        return False
    called, answered = spoken[-2:]
    if not any(isinstance(part, ToolResult) for part in answered.parts):
        return False
    kept = [part for part in called.parts if not is_thought(part) or (is_own(part) and not repaired)]
    calls = any(isinstance(part, ToolCall) for part in kept)
    return calls and not is_thought(kept[0])


def is_thought(part: Part) -> bool:
    """Tell replayed thoughts from all else."""
    return isinstance(part, THOUGHTS)


def is_own(part: Part) -> bool:
    """Tell thoughts that a model of this API's signed."""
    return isinstance(part, THOUGHTS) and part.family == FAMILY
