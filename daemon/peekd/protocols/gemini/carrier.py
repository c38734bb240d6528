"""Another model family's proofs of thought, carried through a part's `thoughtSignature` and back.

Google's clients read the field as base64 and write it again, in either alphabet, with or without padding; so
what is carried is base64 as a whole. A signature without the mark is Gemini's own.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final, Literal, get_args

Kind = Literal["thought", "redacted"]

_MARK: Final = "peekd1.thinking."
_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


def encode_carrier(kind: Kind, proof: str) -> str:
    """Give the text for `thoughtSignature`; "thought": the proof of shown thoughts, "redacted": they are it.

    >>> decode_carrier(encode_carrier("thought", "c2ln"))
    ('thought', 'c2ln')
    """
    return base64.b64encode(f"{_MARK}{kind}.{proof}".encode()).decode()


def decode_carrier(signature: str) -> tuple[Kind, str] | None:
    """Give the kind and the proof; None for a signature that is Gemini's own."""
    plain = signature.translate(_STANDARD).rstrip("=")
    try:
        carried = base64.b64decode(plain + "=" * (-len(plain) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    kind, _, proof = carried.removeprefix(_MARK).partition(".")
    if not carried.startswith(_MARK) or not proof:
        return None
    return next(((known, proof) for known in _KINDS if known == kind), None)


def standard_base64(data: str) -> str:
    """Give base64 in the standard alphabet: Google's SDK for Python writes the other one.

    >>> standard_base64("-_8=")
    '+/8='
    """
    return data.translate(_STANDARD)


_STANDARD: Final = str.maketrans("-_", "+/")
