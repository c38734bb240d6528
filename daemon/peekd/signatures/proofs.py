"""Replayed thoughts that only the account they came from can read: naming them, and leaving them out."""

from __future__ import annotations

import hashlib
import re
from typing import Final

import msgspec

from peekd.vocabulary.conversation import (
    Conversation,
    Family,
    Part,
    RedactedThinking,
    Text,
    Thinking,
    ToolCall,
    Turn,
)

TIED_TO_ACCOUNTS: Final[frozenset[Family]] = frozenset({"openai"})
"""Families whose encrypted thoughts are bound to the organisation that they were made for."""

_HASH_CHARACTERS: Final = 32

_PLACES: Final = re.compile(
    rb'"(?:signature|thoughtSignature|thought_signature|data|encrypted_content)"\s*:\s*"([^"\\]+)"'
)


def proof_digest(proof: str) -> str:
    """Give the id by which it is remembered who can read a proof.

    >>> len(proof_digest("gAAAAAB"))
    32
    """
    return hashlib.sha256(proof.encode(errors="surrogatepass")).hexdigest()[:_HASH_CHARACTERS]


def proofs_in(body: bytes) -> tuple[str, ...]:
    """Give what stands in a request's bytes where any protocol puts a proof; for one that cannot be read.

    A proof is a word without quotes, so none is cut; what else has such a name (a file's data) does no harm.

    >>> proofs_in(b'{"signature": "c2ln", "data":"ZGF0", "name":"x", "signature":""}')
    ('c2ln', 'ZGF0')
    """
    return tuple(found.decode("ascii", "replace") for found in _PLACES.findall(body))


def tied_proofs(conversation: Conversation, family: Family) -> tuple[str, ...]:
    """Give the digests of those proofs of a family that are tied to accounts; none for other families."""
    if family not in TIED_TO_ACCOUNTS:
        return ()
    parts = (part for turn in conversation.turns for part in turn.parts)
    return tuple(digest for part in parts if (digest := _digest(part, family)) is not None)


def without_proofs(conversation: Conversation, unreadable: frozenset[str]) -> Conversation:
    """Give the conversation without these thoughts, and calls and words without such signatures.

    A turn that had nothing else goes with them.
    """
    if not unreadable:
        return conversation
    left = (_without(turn, unreadable) for turn in conversation.turns)
    pairs = zip(left, conversation.turns, strict=True)
    turns = tuple(turn for turn, before in pairs if turn.parts or not before.parts)
    return msgspec.structs.replace(conversation, turns=turns)


def _without(turn: Turn, unreadable: frozenset[str]) -> Turn:
    bared = (_bared(part, unreadable) for part in turn.parts)
    kept = tuple(part for part in bared if _digest(part, "") not in unreadable and part != Text(""))
    return turn if kept == turn.parts else msgspec.structs.replace(turn, parts=kept)


def _bared(part: Part, unreadable: frozenset[str]) -> Part:
    if isinstance(part, Text | ToolCall) and part.signature and proof_digest(part.signature) in unreadable:
        return msgspec.structs.replace(part, signature="", family="")
    return part


def _digest(part: Part, family: Family) -> str | None:
    """Give the digest of a proof of this family, "" for any; None for what is or has none."""
    match part:
        case Thinking(signature=proof, family=whose) | RedactedThinking(data=proof, family=whose):
            return proof_digest(proof) if proof and (whose == family or not family) else None
        case _:
            return None
