"""Which of the proofs that a client replays peekd saw given: those of answers in the same conversation."""

from __future__ import annotations

from peekd.signatures.memory import Memory
from peekd.signatures.proofs import proof_digest
from peekd.signatures.restore import proof_of
from peekd.signatures.steps import call_digest
from peekd.vocabulary.conversation import Conversation, Part, ToolCall


def strangers(conversation: Conversation, memory: Memory, session: str, now: float) -> frozenset[str]:
    """Give the digests of the proofs that no answer of this session was seen to have upon the same words."""
    parts = (part for turn in conversation.turns for part in turn.parts if proof_of(part))
    return frozenset(proof_digest(proof_of(one)) for one in parts if not _is_seen(one, memory, session, now))


def _is_seen(part: Part, memory: Memory, session: str, now: float) -> bool:
    step = memory.by_proof(proof_of(part), now)
    if step is None or step.origin.session != session or not step.origin.upstream:
        return False
    said = call_digest(part.name, part.arguments) if isinstance(part, ToolCall) else None
    return any(piece.proof == proof_of(part) and said in {None, piece.content} for piece in step.pieces)
