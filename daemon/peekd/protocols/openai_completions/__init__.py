"""OpenAI's legacy completions, facing the client alone: text in, text out."""

from __future__ import annotations

from peekd.protocols.openai_completions.client import CLIENT

__all__ = ["CLIENT"]
