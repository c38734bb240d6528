"""One step of a conversation as far as signatures go: what the model said, in order, and what proves it.

A step is one answer of a model, replayed later as one assistant turn. What it said is kept as digests, so
that the same words can be known again; proofs, and the thoughts they prove, are kept byte for byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Final, Literal, cast

import msgspec

from peekd.vocabulary.conversation import (
    Family,
    Part,
    RedactedThinking,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)

PieceKind = Literal["thought", "redacted", "text", "call", "words"]

_HASH_BYTES: Final = 16

_EMPTY_SIZE: Final = 1200
_PIECE_SIZE: Final = 450
"""What a step and each of its pieces take in memory besides their texts, with indices; bytes, measured."""

_LEVELS: Final = 64
"""What lies deeper in a call's arguments does not tell it from another: a client may nest without end."""


class Piece(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A part of a step. `content` is the digest of what it says; `proof` the signature, "" where it has none.

    thought: shown thoughts, whose `text` is kept. redacted: hidden ones, `proof` is all there is. text: a
    proof on the words before it, or on none. call: `tool` is its id as the client knows it, if there is one.
    words: some of what the user was told; the first such piece has the digest of all of it.
    """

    kind: PieceKind
    content: str = ""
    proof: str = ""
    text: str = ""
    tool: str = ""


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where a step comes from. `number`: how many steps its conversation had before it.

    `before`: the digest of all that was said before it, as `digest_of_turns` gives it. Known only where a
    step of this session was known that says the same at the same number: of another branch, then.
    """

    family: Family
    session: str
    number: int = 0
    upstream: str = ""
    model: str = ""
    account: str = ""
    before: str = ""


class Step(msgspec.Struct, frozen=True, gc=False):
    """One answer: where it comes from, its pieces in order, and when it was learned (wall time, seconds)."""

    origin: Origin
    pieces: tuple[Piece, ...]
    learned: float = 0.0

    @property
    def key(self) -> str:
        """What tells this step from all others; the same for the same step learned once more."""
        said = (f"{piece.kind}\0{piece.content}\0{piece.proof}\0{piece.tool}" for piece in self.pieces)
        return digest("\1".join((self.origin.session, *said)))

    @property
    def size(self) -> int:
        """About how many bytes it takes to remember."""
        texts = sum(len(piece.proof) + len(piece.text) + len(piece.tool) for piece in self.pieces)
        return _EMPTY_SIZE + _PIECE_SIZE * len(self.pieces) + texts

    @property
    def calls(self) -> tuple[Piece, ...]:
        """The calls in it."""
        return tuple(piece for piece in self.pieces if piece.kind == "call")

    @property
    def proofs(self) -> tuple[str, ...]:
        """All proofs in it."""
        return tuple(piece.proof for piece in self.pieces if piece.proof)


def digest(text: str) -> str:
    """Give the digest by which a text is known again.

    >>> digest("a") == digest("a") != digest("b")
    True
    """
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=_HASH_BYTES).hexdigest()


def call_digest(name: str, arguments: dict[str, Any]) -> str:
    """Give the digest of a call; how its JSON is written does not matter.

    >>> call_digest("f", {"a": 1.0, "b": 2}) == call_digest("f", {"b": 2, "a": 1})
    True
    """
    said = msgspec.json.encode([name, _plain(arguments)], order="deterministic")
    return hashlib.blake2b(said, digest_size=_HASH_BYTES).hexdigest()


def digest_of_words(words: Iterable[str]) -> str:
    """Give the digest of what the user was told; clients trim it, and join or split its pieces."""
    return digest("".join("".join(words).split()))


def shape(pieces: Iterable[Piece]) -> str:
    """Give the digest of what is seen of a step: its calls, and where there are none its words.

    The words around calls are not looked at: clients change them, and the calls tell enough.
    """
    seen = [*pieces]
    calls = [piece.content for piece in seen if piece.kind == "call"]
    if calls:
        return digest("\0".join(calls))
    return next((piece.content for piece in seen if piece.kind == "words"), "")


def digest_of_turns(turns: Iterable[Turn]) -> str:
    """Give the digest of what was said so far: words, calls and results, without ids, thoughts and proofs."""
    return digest("\1".join(said for turn in turns if (said := _said(turn))))


def _said(turn: Turn) -> str:
    if turn.role == "assistant":
        return shape(pieces_of(turn))
    results = [part for part in turn.parts if isinstance(part, ToolResult)]
    said = [part for holder in (turn.parts, *(one.content for one in results)) for part in holder]
    return digest_of_words(part.text for part in said if isinstance(part, Text)) if said else ""


def told_once(pieces: Iterable[Piece], words: Iterable[str]) -> tuple[Piece, ...]:
    """Give the pieces with the digest of all words on the first that stands for some."""
    told = digest_of_words(words)
    made: list[Piece] = []
    for piece in pieces:
        if piece.kind == "words":
            made.append(msgspec.structs.replace(piece, content=told))
            told = ""
        else:
            made.append(piece)
    return tuple(made)


def pieces_of(turn: Turn) -> tuple[Piece, ...]:
    """Give a replayed turn as pieces, with the proofs that it has."""
    pieces = [piece for part in turn.parts for piece in _pieces(part)]
    return told_once(pieces, (part.text for part in turn.parts if isinstance(part, Text)))


def calls_of(turn: Turn) -> list[Piece]:
    """Give the calls among a turn's pieces."""
    return [_call(part) for part in turn.parts if isinstance(part, ToolCall)]


def words_of(turn: Turn) -> str:
    """Give the digest of what a turn told the user, "" where that is nothing."""
    words = [part.text for part in turn.parts if isinstance(part, Text)]
    return digest_of_words(words) if any(words) else ""


def _call(part: ToolCall) -> Piece:
    return Piece("call", call_digest(part.name, part.arguments), part.signature, tool=part.id)


def _pieces(part: Part) -> list[Piece]:
    match part:
        case Thinking():
            signed = Piece("thought", digest(part.text), part.signature, part.text)
            return [signed] if part.signature else []
        case RedactedThinking():
            return [Piece("redacted", proof=part.data)]
        case Text():
            words = [Piece("words")] if part.text else []
            return [*words, *([Piece("text", digest(part.text), part.signature)] if part.signature else [])]
        case ToolCall():
            return [_call(part)]
        case _:
            return []


def _plain(value: object, levels: int = _LEVELS) -> object:
    """Write whole numbers as such: a client in JavaScript replays 1.0 as 1. Cut off below so many levels."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict | list) and not levels:
        return None
    if isinstance(value, dict):
        return {key: _plain(inside, levels - 1) for key, inside in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_plain(inside, levels - 1) for inside in cast("list[object]", value)]
    return value
