"""OpenAI's Chat Completions, facing the client and facing any compatible upstream."""

from __future__ import annotations

from peekd.protocols.openai_chat.client import CLIENT
from peekd.protocols.openai_chat.upstream import UPSTREAM

__all__ = ["CLIENT", "UPSTREAM"]
