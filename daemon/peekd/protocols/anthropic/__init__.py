"""Anthropic's Messages API, facing the client and facing the upstream."""

from __future__ import annotations

from peekd.protocols.anthropic.client import CLIENT
from peekd.protocols.anthropic.upstream import UPSTREAM

__all__ = ["CLIENT", "UPSTREAM"]
