"""Frames of words alone, read together: nearly all of an answer that comes faster than one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from peekd.protocols.runs import documents
from peekd.vocabulary.events import Run

_BEFORE: Final = re.compile(
    rb"event: content_block_delta\r?\ndata: "
    rb'\{"type": ?"content_block_delta", ?"index": ?(0|[1-9][0-9]{0,3}), ?'
    rb'"delta": ?\{"type": ?"text_delta", ?"text": ?'
)
"""What such a frame is before its words, as the API writes it, and as Python's `json` does."""

_OPENING: Final = b'{"delta":{"text":'
"""The same with nothing that is known already."""


class _Words(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(min_length=1)]


class _Delta(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    delta: _Words


_deltas: Final = msgspec.json.Decoder(_Delta)


def read_run(blocks: Sequence[bytes]) -> Run | None:
    """Give the words of the first of these frames, as many as are words of one block; None for none."""
    match = _BEFORE.match(blocks[0])
    if match is None:
        return None
    found = documents(blocks, match[0], _OPENING, _deltas)
    return Run(int(match[1]), [said.delta.text for said in found]) if found else None
