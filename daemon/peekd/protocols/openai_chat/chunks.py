"""The shapes of what a Chat Completions upstream sends, read loosely: compatible servers vary.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from typing import Any, TypeGuard

import msgspec

from peekd.protocols.openai_chat.calls import Function, Piece
from peekd.vocabulary.events import Usage


class Delta(msgspec.Struct, gc=False):
    """What is new. `content` is words, or with some servers a list of parts."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None
    tool_calls: list[Piece] | None = None
    function_call: Function | None = None

    @property
    def thoughts(self) -> str:
        """The thoughts, by either of the two names that servers give them."""
        return words_of(self.reasoning_content) or words_of(self.reasoning)

    @property
    def words(self) -> str:
        """The words, a refusal's among them."""
        return words_of(self.content) + words_of(self.refusal)

    @property
    def says(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.thoughts or self.words or self.pieces)

    @property
    def pieces(self) -> list[Piece]:
        """The pieces of calls, the one of the oldest kind among them."""
        older = [Piece(0, None, self.function_call)] if self.function_call is not None else []
        return [*(self.tool_calls or ()), *older]


class Choice(msgspec.Struct, gc=False):
    """One answer; peekd never asks for more than one."""

    delta: Delta | None = None
    finish_reason: str | None = None


class CachedDetails(msgspec.Struct, gc=False):
    """Of the prompt's tokens."""

    cached_tokens: int | None = None


class OutputDetails(msgspec.Struct, gc=False):
    """Of the output's tokens."""

    reasoning_tokens: int | None = None


class Counts(msgspec.Struct, gc=False):
    """Usage; the output holds the thoughts already."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: CachedDetails | None = None
    completion_tokens_details: OutputDetails | None = None

    @property
    def usage(self) -> Usage:
        """The same in our words."""
        inputs, outputs = self.prompt_tokens_details, self.completion_tokens_details
        return Usage(
            prompt=self.prompt_tokens,
            cached=inputs.cached_tokens if inputs is not None else None,
            output=self.completion_tokens,
            thoughts=outputs.reasoning_tokens if outputs is not None else None,
        )


class Chunk(msgspec.Struct, gc=False):
    """One frame's data: a chunk, or an error in its place."""

    id: str | None = None
    object: str | None = None
    model: str | None = None
    choices: list[Choice] | None = None
    usage: Counts | None = None
    error: msgspec.Raw = msgspec.Raw(b"")


def words_of(value: object) -> str:
    """Give the words of a string, or of a list of parts; anything else has none."""
    if isinstance(value, str):
        return value
    return "".join(_words_of_part(part) for part in value) if _is_list(value) else ""


def _words_of_part(part: object) -> str:
    text = part.get("text") if _is_object(part) and part.get("type") == "text" else None
    return text if isinstance(text, str) else ""


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
