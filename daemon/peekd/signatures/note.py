"""The recovery note: words that an operator may have added to a request whose thoughts were taken out.

Off unless `[signatures] recovery_note` is set. It never stands in a turn that answers calls: there a closing
turn of the model is put before it, so that the note is the user's own.
"""

from __future__ import annotations

from typing import Final

import msgspec

from peekd.vocabulary.conversation import Conversation, Text, ToolResult, Turn

NOTE: Final = (
    "[System Recovery] The thoughts of an earlier answer could not be verified and were left out. "
    "Please go on without them."
)
CLOSING: Final = "The tool calls are done; their results stand above."


def with_note(conversation: Conversation) -> Conversation:
    """Give the conversation with the note at its end; one that does not end with the user's is left alone."""
    last = conversation.turns[-1] if conversation.turns else None
    if last is None or last.role != "user":
        return conversation
    if any(isinstance(part, ToolResult) for part in last.parts):
        turns = (*conversation.turns, Turn("assistant", (Text(CLOSING),)), Turn("user", (Text(NOTE),)))
    else:
        turns = (*conversation.turns[:-1], Turn("user", (*last.parts, Text(NOTE))))
    return msgspec.structs.replace(conversation, turns=turns)
