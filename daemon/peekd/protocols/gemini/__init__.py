"""Google's Gemini API, facing the client and facing the upstream."""

from __future__ import annotations

from peekd.protocols.gemini.client import CLIENT
from peekd.protocols.gemini.upstream import UPSTREAM

__all__ = ["CLIENT", "UPSTREAM"]
