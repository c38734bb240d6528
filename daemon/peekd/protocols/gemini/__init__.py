"""Google's Gemini API, facing the upstream: `streamGenerateContent` with server-sent events."""

from __future__ import annotations

from peekd.protocols.gemini.upstream import UPSTREAM

__all__ = ["UPSTREAM"]
