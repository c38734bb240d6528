"""The simulator's own thought signatures: whose they are and what they sign can be read from them again.

So a request can be judged without any memory of the answer, by any simulator of the same language.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from binascii import Error
from typing import Any, Final

import msgspec

_MAC: Final = 24
_DIGEST: Final = 32
_THOUGHT: Final = 6


def sign(language: str, model: str, thoughts: str, said: str) -> str:
    """Make the signature of what is said: as long as real ones are at least, another for other thoughts.

    >>> made = sign("anthropic", "claude", "hm", "hm")
    >>> is_own(made, "anthropic"), is_own(made, "gemini"), holds(made, "hm"), holds(made, "ho")
    (True, False, True, False)
    """
    content, thought = _hash(said), _hash(thoughts)[:_THOUGHT]
    head = f"{language}|{model}|".encode() + thought
    return b64encode(head + _mac(head + content) + content).decode()


def is_own(signature: str, language: str) -> bool:
    """Tell a signature that a model of this language made from everything else."""
    head, mac, content = _read(signature)
    return head.startswith(language.encode() + b"|") and mac == _mac(head + content)


def holds(signature: str, said: str) -> bool:
    """Tell whether that is what was signed."""
    return _read(signature)[2] == _hash(said)


def call_text(name: str, arguments: dict[str, Any]) -> str:
    """Give what the signature of a call signs."""
    return msgspec.json.encode([name, arguments], order="deterministic").decode()


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def _mac(text: bytes) -> bytes:
    return hashlib.sha256(b"simulated" + text).digest()[:_MAC]


def _read(signature: str) -> tuple[bytes, bytes, bytes]:
    try:
        raw = b64decode(signature, validate=True)
    except (Error, ValueError):
        raw = b""
    return raw[: -_MAC - _DIGEST], raw[-_MAC - _DIGEST : -_DIGEST], raw[-_DIGEST:]
