"""The carrier: another family's proof of thought as one opaque word that tells by itself whose it is.

`peekd1.<family>.<model hash>.<mac>.<base64>`: any client replays it as it would its own family's proof, and
years later it still says who made it, without any memory of ours. The mac is what tells it from words that
somebody else put together; a carrier that does not hold is nobody's proof and is never sent anywhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final, Literal

import msgspec

from peekd.vocabulary.conversation import Family

Kind = Literal["thought", "call", "text", "redacted"]
"""Where a proof stood: on shown thoughts, on the call that follows, on words, or in place of thoughts."""

KEY_BYTES: Final = 32
_MARK: Final = "peekd1."
_FAMILIES: Final[dict[str, Family]] = {"anthropic": "anthropic", "gemini": "gemini", "openai": "openai"}
_FIELDS: Final = 5
_HASH_CHARACTERS: Final = 12
_MAC_BYTES: Final = 12


class Carried(msgspec.Struct, frozen=True, gc=False):
    """What a carrier holds. `proof` is the maker's own text, `text` the thoughts it proves where they matter.

    `model` is a digest of the model's name, as `model_hash` gives it.
    """

    family: Family
    model: str
    kind: Kind
    proof: str
    text: str = ""


class _Payload(msgspec.Struct, frozen=True, gc=False, array_like=True):
    kind: Kind
    proof: str
    text: str = ""


_payloads: Final = msgspec.json.Decoder(_Payload)


class Seal:
    """Wraps and unwraps, with the installation's own key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def wrap(self, carried: Carried) -> str:
        """Give the carrier; its letters are those of URL-safe base64 and the dot.

        >>> seal = Seal(bytes(32))
        >>> seal.unwrap(seal.wrap(Carried("gemini", model_hash("gemini-3"), "call", "c2ln"))).proof
        'c2ln'
        """
        payload = msgspec.json.encode(_Payload(carried.kind, carried.proof, carried.text))
        body = base64.urlsafe_b64encode(payload).decode().rstrip("=")
        mac = self._mac(carried.family, carried.model, body)
        return f"{_MARK}{carried.family}.{carried.model}.{mac}.{body}"

    def unwrap(self, carrier: str) -> Carried | None:
        """Give what it holds; None for what is no carrier, or one that does not hold."""
        fields = carrier.split(".")
        if not is_carrier(carrier) or len(fields) != _FIELDS:
            return None
        _, said, model, mac, body = fields
        family = _FAMILIES.get(said)
        if family is None or not hmac.compare_digest(self._mac(family, model, body).encode(), mac.encode()):
            return None
        try:
            payload = _payloads.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        except (binascii.Error, ValueError):
            return None
        return Carried(family, model, payload.kind, payload.proof, payload.text)

    def _mac(self, family: str, model: str, body: str) -> str:
        told = f"{family}.{model}.{body}".encode()
        digest = hmac.digest(self._key, told, "sha256")[:_MAC_BYTES]
        return base64.urlsafe_b64encode(digest).decode()


def is_carrier(text: str) -> bool:
    """Tell one of ours, be it whole or not, from a maker's own proof."""
    return text.startswith(_MARK)


def model_hash(model: str) -> str:
    """Give the digest by which a carrier names its model.

    >>> len(model_hash("gemini-3-pro-preview"))
    12
    """
    return hashlib.sha256(model.encode()).hexdigest()[:_HASH_CHARACTERS]
