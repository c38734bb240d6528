"""A carrier in a part's `thoughtSignature`: Google's clients read the field as base64 and write it again.

They write it in either alphabet, with or without padding; so what is carried is base64 as a whole. A proof of
thoughts stands on them or on an empty part behind them. A signature that holds no carrier is Gemini's own.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from peekd.signatures.seal import is_carrier
from peekd.vocabulary.conversation import Family

FAMILY: Final[Family] = "gemini"

CARRIER: Final = b"cGVla2Qx"
"""How an armoured carrier begins, in either alphabet."""


def armoured(carrier: str) -> str:
    """Give the text for `thoughtSignature`.

    >>> bared(armoured("peekd1.anthropic.aa.bb.cc"))
    'peekd1.anthropic.aa.bb.cc'
    """
    return base64.b64encode(carrier.encode()).decode()


def bared(signature: str) -> str | None:
    """Give the carrier in it; None for a signature that is Gemini's own."""
    plain = signature.translate(_STANDARD).rstrip("=")
    try:
        carrier = base64.b64decode(plain + "=" * (-len(plain) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    return carrier if is_carrier(carrier) else None


def standard_base64(data: str) -> str:
    """Give base64 in the standard alphabet: Google's SDK for Python writes the other one.

    >>> standard_base64("-_8=")
    '+/8='
    """
    return data.translate(_STANDARD)


_STANDARD: Final = str.maketrans("-_", "+/")
