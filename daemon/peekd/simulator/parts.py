"""Small pieces that the wire languages hand to the stage: labelled frames, refusals."""

from __future__ import annotations

import msgspec


class Part(msgspec.Struct, frozen=True):
    """A frame of an answer.

    `label`: start, open, ping, thinking, signature, text, tool, close, reason or last; "whole" for JSON.
    """

    label: str
    data: bytes


class Refusal(msgspec.Struct, frozen=True):
    """An answer that is not 2xx."""

    status: int
    content_type: str
    body: bytes
