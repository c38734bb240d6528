"""Carrying another model family's thought signatures through Anthropic thinking blocks, and back.

An Anthropic client replays a thinking block with its `signature` untouched, so that field carries what has no
place of its own here. The carrier names where the signature stood in the other family's answer:

- "thought": on the thoughts of this very block.
- "call": on the tool call that follows. The block is the thoughts directly before that call, or an empty one.
- "text": on words, or on an empty part that ended the answer. The block is empty and stands where the
  signature came; it goes back as an empty signed text at that very place, as the stream had it.

A signature without the prefix is Anthropic's own and stays where it is.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

Part = Literal["thought", "call", "text"]

_PREFIX: Final = "peekd1.gemini."
_PARTS: Final[tuple[Part, ...]] = get_args(Part)


def encode_carrier(part: Part, signature: str) -> str:
    """Give the text for a thinking block's `signature`.

    >>> encode_carrier("call", "c2ln")
    'peekd1.gemini.call.c2ln'
    """
    return f"{_PREFIX}{part}.{signature}"


def decode_carrier(signature: str) -> tuple[Part, str] | None:
    """Give where a carried signature stood and the signature; None for one that is Anthropic's own.

    >>> decode_carrier("peekd1.gemini.call.c2ln"), decode_carrier("c2ln")
    (('call', 'c2ln'), None)
    """
    if not signature.startswith(_PREFIX):
        return None
    name, _, carried = signature.removeprefix(_PREFIX).partition(".")
    return next(((part, carried) for part in _PARTS if part == name and carried), None)
