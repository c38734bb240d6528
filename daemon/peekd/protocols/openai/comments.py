"""Frames that say nothing: comments, which every client of OpenAI's languages skips."""

from __future__ import annotations

from typing import Final

PING: Final = b": ping\n\n"
"""One keep-alive; the API has none of its own."""


def encode_note(text: str) -> bytes:
    """Give one comment block; no line of `text` can end it."""
    return b"".join(b": %b\n" % line.encode() for line in text.splitlines() or [""]) + b"\n"
