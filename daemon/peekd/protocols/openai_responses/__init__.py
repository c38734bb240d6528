"""OpenAI's Responses, facing the client and facing any compatible upstream."""

from __future__ import annotations

from peekd.protocols.openai_responses.client import CLIENT
from peekd.protocols.openai_responses.upstream import UPSTREAM

__all__ = ["CLIENT", "UPSTREAM"]
