"""What a wire language's module offers to the stage: labelled frames, refusals, and its verbs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec

from peekd.simulator.acts import Act
from peekd.simulator.answer import Answer
from peekd.simulator.asked import Asked


class Part(msgspec.Struct, frozen=True):
    """A frame of an answer.

    `label`: start, open, ping, thinking, signature, text, picture, tool, close, reason or last; for JSON,
    "whole".
    """

    label: str
    data: bytes


class Refusal(msgspec.Struct, frozen=True):
    """An answer that is not 2xx."""

    status: int
    content_type: str
    body: bytes


class Wire(Protocol):
    """What a wire language's module offers."""

    def stream_type(self) -> str:
        """Give the content type of a stream."""
        ...

    def encode_parts(self, answer: Answer, asked: Asked, *, opening: bool) -> Iterator[Part]:
        """Write an answer as a stream, frame by frame."""
        ...

    def encode_whole(self, answer: Answer, asked: Asked) -> bytes:
        """Write an answer as one JSON object."""
        ...

    def encode_ping(self, asked: Asked) -> bytes:
        """Write a frame that says nothing."""
        ...

    def encode_error(self, act: Act, asked: Asked, *, first: bool) -> bytes:
        """Write an error in place of what should come."""
        ...

    def encode_refusal(self, act: Act, asked: Asked) -> Refusal:
        """Write an answer that is not 2xx."""
        ...

    def encode_count(self, asked: Asked) -> bytes:
        """Write a count of tokens."""
        ...

    def encode_models(self) -> bytes:
        """Write the list of models."""
        ...

    def encode_model(self, name: str) -> bytes:
        """Write one model."""
        ...

    def headers(self, asked: Asked) -> list[tuple[str, str]]:
        """Give what stands on every answer."""
        ...
