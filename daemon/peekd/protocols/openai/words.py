"""Frames and figures that every answer in chunks of OpenAI's has in the same words.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from typing import Any, Final

from peekd.vocabulary.events import Usage, merged

LAST_FRAME: Final = b"data: [DONE]\n\n"


def told_usage(usage: Usage) -> dict[str, Any]:
    """Give usage in these APIs' terms: cached tokens are part of the prompt, thoughts of the output."""
    prompt, output = usage.prompt or 0, usage.output or 0
    told: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
    }
    if usage.cached is not None:
        told["prompt_tokens_details"] = {"cached_tokens": usage.cached}
    if usage.thoughts is not None:
        told["completion_tokens_details"] = {"reasoning_tokens": usage.thoughts}
    return told


def joined_usage(before: Usage | None, later: Usage) -> Usage:
    """Give usage with the later figures in place of the earlier ones, where there are any."""
    return merged(before or Usage(), later)
