"""Learning a step's signatures: from an answer's events while it passes, or from a turn that is replayed.

Texts are kept in pieces and hashed once, when the answer is over.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from peekd.signatures.steps import Origin, Piece, Step, call_digest, digest, pieces_of, told_once
from peekd.vocabulary.conversation import Family, Turn
from peekd.vocabulary.events import (
    ArgumentsDelta,
    Event,
    Opened,
    RedactedBlock,
    Run,
    SignatureDelta,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolCallBlock,
)

MOST_CHARACTERS: Final = 4 * 1024 * 1024
"""Of an answer that says more nothing is learned."""


class _Open:
    """A block so far."""

    __slots__ = ("block", "proof", "said")

    def __init__(self, block: ThinkingBlock | RedactedBlock | TextBlock | ToolCallBlock) -> None:
        self.block = block
        self.proof = ""
        self.said: list[str] = []


class Learner:
    """Sees one answer's events, with the tool ids that the client gets; any other event is let pass."""

    __slots__ = ("_blocks", "_size")

    def __init__(self) -> None:
        self._blocks: dict[int, _Open] = {}
        self._size = 0

    def see(self, event: Event) -> None:
        """Note one event."""
        if type(event) not in _NOTED:
            return
        match event:
            case TextDelta() | ThinkingDelta():
                self._add(event.index, event.text)
            case Opened(block=TextBlock() | ToolCallBlock() | ThinkingBlock() | RedactedBlock() as block):
                self._blocks[event.index] = _Open(block)
            case ArgumentsDelta():
                self._add(event.index, event.fragment)
            case SignatureDelta() if event.index in self._blocks:
                self._blocks[event.index].proof = event.signature
            case _:
                pass

    def see_run(self, run: Run) -> None:
        """Note a run of words."""
        self._add(run.index, "".join(run.texts))

    def pieces(self, family: Family) -> tuple[Piece, ...]:
        """Give what was said, in order; none where that proves nothing. What was cut short has no proof."""
        blocks = [self._blocks[index] for index in sorted(self._blocks)]
        if self._size > MOST_CHARACTERS or not any(map(_is_proved, blocks)):
            return ()
        pieces = [piece for block in blocks if (piece := _piece(block, family)) is not None]
        words = (_text(block) for block in blocks if isinstance(block.block, TextBlock))
        return told_once(pieces, words)

    def _add(self, index: int, text: str) -> None:
        block = self._blocks.get(index)
        self._size += len(text)
        if block is not None and self._size <= MOST_CHARACTERS:
            block.said.append(text)


_NOTED: Final[frozenset[type[Event]]] = frozenset({
    TextDelta,
    ThinkingDelta,
    ArgumentsDelta,
    Opened,
    SignatureDelta,
})
"""Asked first, for most of a short answer's events are others, and `match` tries one after the other."""


def step_of(turn: Turn, origin: Origin, now: float) -> Step | None:
    """Give a replayed turn as a step, if it holds proofs of the origin's family."""
    ours = {"", origin.family}
    parts = tuple(part for part in turn.parts if getattr(part, "family", "") in ours)
    pieces = pieces_of(Turn(turn.role, parts))
    return Step(origin, pieces, now) if any(piece.proof for piece in pieces) else None


def _is_proved(block: _Open) -> bool:
    return bool(_proof(block))


def _proof(block: _Open) -> str:
    match block.block:
        case TextBlock():
            return ""
        case RedactedBlock(data=data):
            return data
        case ThinkingBlock(signature=signature) | ToolCallBlock(signature=signature):
            return block.proof or signature


def _text(block: _Open) -> str:
    begun = block.block.text if isinstance(block.block, TextBlock | ThinkingBlock) else ""
    return begun + "".join(block.said)


def _piece(block: _Open, family: Family) -> Piece | None:
    proof, text = _proof(block), _text(block)
    match block.block:
        case TextBlock():
            return Piece("words") if text else None
        case RedactedBlock():
            return Piece("redacted", proof=proof)
        case ThinkingBlock():
            if family == "gemini" and not text:  # alone in an empty block: it stood on words, or on nothing
                return Piece("text", digest(""), proof)
            return Piece("thought", digest(text), proof, text) if proof else None
        case ToolCallBlock(id=tool, name=name):
            return _call(name, text, proof, tool)


def _call(name: str, arguments: str, proof: str, tool: str) -> Piece | None:
    try:
        read = msgspec.json.decode(arguments.strip() or "{}", type=dict[str, Any])
    except (ValueError, RecursionError):
        return None
    return Piece("call", call_digest(name, read), proof, tool=tool)
