"""What OpenAI's own model families take, by name. Of other names nothing is known."""

from __future__ import annotations

import re
from typing import Final

import msgspec


class Traits(msgspec.Struct, frozen=True):
    """`limit`: the name of the limit of tokens. `samples`: temperature, top_p and stop are taken."""

    limit: str = "max_tokens"
    samples: bool = True
    effort: bool = True


_KNOWN: Final = (
    # https://platform.openai.com/docs/guides/reasoning
    (re.compile(r"(?:.*/)?(?:o[1-9]|gpt-[5-9])(?!.*chat)"), Traits("max_completion_tokens", samples=False)),
    (re.compile(r"(?:.*/)?(?:chatgpt-|gpt-3\.5|gpt-4|gpt-5.*chat)"), Traits(effort=False)),
)


def traits(model: str) -> Traits:
    """Give what is known of a model by its name, with or without a vendor before it.

    >>> traits("openai/o3-mini").samples, traits("gpt-4.1").effort, traits("qwen3-coder").effort
    (False, False, True)
    """
    return next((known for pattern, known in _KNOWN if pattern.match(model)), Traits())
