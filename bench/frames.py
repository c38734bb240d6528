"""What the benchmark's upstream says in each wire language: begin, one piece of text, end. Ready to send.

Each piece of text holds MARK and the nanosecond at which it was sent, so that whoever reads it, in whichever
language, can count pieces and tell how long each was on its way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

MARK = b"@"
"""Stands before each time of sending, and nowhere else in an answer."""

DIGITS = 16
"""How many digits of time.monotonic_ns() follow the mark."""

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"
UNSENT = "0" * DIGITS


class Tongue(NamedTuple):
    """One wire language: how an answer begins, what a piece of text looks like, and how an answer ends."""

    begin: bytes
    piece: Callable[[str], bytes]
    end: Callable[[int], bytes]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _event(more: Mapping[str, object], kind: str = "") -> bytes:
    named = f"event: {kind}\n" if kind else ""
    return _chunk(f"{named}data: {json.dumps(more)}\n\n".encode())


# ---- Anthropic Messages -----------------------------------------------------------------------------


def _anthropic(kind: str, **more: object) -> bytes:
    return _event({"type": kind, **more}, kind)


_MESSAGE: dict[str, object] = {
    "id": "msg_bench",
    "type": "message",
    "role": "assistant",
    "model": "sim",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 9, "output_tokens": 1},
}


def _anthropic_piece(text: str) -> bytes:
    return _anthropic("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


def _anthropic_end(pieces: int) -> bytes:
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    return (
        _anthropic("content_block_stop", index=0)
        + _anthropic("message_delta", delta=stop, usage={"output_tokens": pieces})
        + _anthropic("message_stop")
    )


# ---- Gemini -----------------------------------------------------------------------------------------


def _gemini(text: str, pieces: int, **more: str) -> bytes:
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, **more, "index": 0}
    usage = {"promptTokenCount": 9, "candidatesTokenCount": pieces, "totalTokenCount": 9 + pieces}
    return _event({
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": "gemini-sim",
        "responseId": "bench",
    })


def _gemini_piece(text: str) -> bytes:
    return _gemini(text, 1)


def _gemini_end(pieces: int) -> bytes:
    return _gemini("", pieces, finishReason="STOP")


TONGUES: dict[str, Tongue] = {
    "anthropic": Tongue(
        _anthropic("message_start", message=_MESSAGE)
        + _anthropic("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        _anthropic_piece,
        _anthropic_end,
    ),
    "gemini": Tongue(b"", _gemini_piece, _gemini_end),
}


@cache
def piece(tongue: str, number: int) -> tuple[bytes, bytes]:
    """The number-th piece, cut where its time of sending belongs; each says something else."""
    mark = MARK.decode()
    whole = TONGUES[tongue].piece(f"w{number:04d} {mark}{UNSENT} of it ")
    before, _, after = whole.partition(UNSENT.encode())
    return before, after


@cache
def ending(tongue: str, pieces: int) -> bytes:
    """What follows the last of so many pieces."""
    return TONGUES[tongue].end(pieces) + LAST


@cache
def burst(tongue: str, pieces: int) -> bytes:
    """A whole answer that nobody waited for."""
    middle = b"".join(UNSENT.encode().join(piece(tongue, number)) for number in range(pieces))
    return HEAD + TONGUES[tongue].begin + middle + ending(tongue, pieces)
