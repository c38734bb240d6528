"""What is remembered of signatures: steps, found again by tool id, by content, or by session and number.

Never "the latest of the session": whoever looks says what the words are that a signature is wanted for, and
two sessions never see each other's. Bounded by bytes and by time since the last use. Holds values that are
never changed, in indices that are; a look-up touches nothing but dictionaries. `now` is wall time in seconds.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import Final

import msgspec

from peekd.signatures.proofs import proof_digest
from peekd.signatures.settings import SignatureSettings
from peekd.signatures.steps import Piece, Step, shape
from peekd.vocabulary.conversation import Family

_MIB: Final = 1024 * 1024
_MOST_REFUSED: Final = 20_000
"""Digests of refused proofs, and sessions, that are kept at most."""

_WORTH_SAVING: Final = 0.1
"""The share of its life after which a step's last use is written down again."""

_Key = tuple[str, str | int]
_Index = dict[_Key, dict[str, None]]


class _Kept:
    """A step, and when it was last of use."""

    __slots__ = ("saved", "shape", "size", "step", "used")

    def __init__(self, step: Step, used: float) -> None:
        self.step = step
        self.used = used
        self.saved = used
        self.size = step.size
        self.shape = shape(step.pieces)


class Memory:
    """The steps of all sessions, the least recently used forgotten first."""

    def __init__(self, settings: SignatureSettings) -> None:
        self._settings = settings
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._by_call: _Index = {}
        self._by_shape: _Index = {}
        self._by_number: _Index = {}
        self._by_proof: dict[str, str] = {}
        self._sessions: Counter[str] = Counter()
        self._refused: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lossy: OrderedDict[str, float] = OrderedDict()
        self.bytes = 0
        """About how much is held."""

    def __len__(self) -> int:
        return len(self._kept)

    # ---- learning ----

    def learn(self, step: Step, now: float) -> Step | None:
        """Remember a step; gives what is kept of it, or None where nothing in it is long enough to be proof.

        One without a session could never be told from another conversation's, and is not kept.
        """
        kept = self._worthy(step)
        if kept is None:
            return None
        key = kept.key
        self._drop(key)
        entry = self._kept[key] = _Kept(kept, now)
        self.bytes += entry.size
        self._sessions[step.origin.session] += 1
        for index, place in self._places(entry):
            index.setdefault(place, {})[key] = None
        self._by_proof.update((proof_digest(proof), key) for proof in kept.proofs)
        self._make_room(now)
        return kept

    def _worthy(self, step: Step) -> Step | None:
        least = self._settings.min_length
        pieces = [_bare(piece) if len(piece.proof) < least else piece for piece in step.pieces]
        if not step.origin.session or not any(piece.proof for piece in pieces):
            return None
        told = (piece for piece in pieces if piece.proof or piece.kind in {"call", "words"})
        return msgspec.structs.replace(step, pieces=tuple(told))

    def _make_room(self, now: float) -> None:
        most = self._settings.max_mib * _MIB
        while self._kept:
            key, oldest = next(iter(self._kept.items()))
            if self.bytes <= most and not self._is_over(oldest, now):
                return
            self._drop(key)

    def _places(self, entry: _Kept) -> Iterable[tuple[_Index, _Key]]:
        origin = entry.step.origin
        yield self._by_shape, (origin.session, entry.shape)
        yield self._by_number, (origin.session, origin.number)
        for piece in entry.step.calls:
            if piece.tool:
                yield self._by_call, (origin.session, piece.tool)

    def _drop(self, key: str) -> None:
        entry = self._kept.pop(key, None)
        if entry is None:
            return
        self.bytes -= entry.size
        session = entry.step.origin.session
        self._sessions[session] -= 1
        if not self._sessions[session]:
            del self._sessions[session]
        for index, place in self._places(entry):
            keys = index.get(place, {})
            keys.pop(key, None)
            if not keys:
                index.pop(place, None)
        for proof in entry.step.proofs:
            if self._by_proof.get(proof_digest(proof)) == key:
                del self._by_proof[proof_digest(proof)]

    def _is_over(self, entry: _Kept, now: float) -> bool:
        return now - entry.used > self._settings.ttl_seconds

    # ---- finding ----

    def knows(self, session: str) -> bool:
        """Whether anything of a session is remembered; what is only too old may still count."""
        return session in self._sessions

    def by_call(self, session: str, tool: str, now: float) -> tuple[Step, ...]:
        """Give the steps of a session with a call of this id."""
        return self._found(self._by_call, (session, tool), now)

    def by_content(self, session: str, content: str, now: float) -> tuple[Step, ...]:
        """Give the steps of a session that said this; `content` as `steps.shape` gives it."""
        return self._found(self._by_shape, (session, content), now)

    def by_number(self, session: str, number: int, now: float) -> tuple[Step, ...]:
        """Give the steps of a session that had so many before them: one for each branch of it."""
        return self._found(self._by_number, (session, number), now)

    def _found(self, index: _Index, place: _Key, now: float) -> tuple[Step, ...]:
        entries = (self._kept[key] for key in index.get(place, ()))
        return tuple(entry.step for entry in entries if not self._is_over(entry, now))

    def has_twin(self, step: Step, now: float) -> bool:
        """Whether another step of its session says the same at the same number: one of them is a branch's."""
        pieces = (piece for piece in step.pieces if piece.proof or piece.kind in {"call", "words"})
        alike = self.by_content(step.origin.session, shape(pieces), now)
        return any(one.key != step.key and one.origin.number == step.origin.number for one in alike)

    def maker(self, proof: str, now: float) -> Family:
        """Give the family that made a proof, "" where that is not known. It may be of any session."""
        step = self.by_proof(proof, now)
        return step.origin.family if step is not None else ""

    def by_proof(self, proof: str, now: float) -> Step | None:
        """Give the step that holds a proof, of whatever session."""
        entry = self._kept.get(self._by_proof.get(proof_digest(proof), ""))
        return entry.step if entry is not None and not self._is_over(entry, now) else None

    def use(self, step: Step, now: float) -> bool:
        """Note that a step was of use just now; tells whether that is news enough to be written down."""
        entry = self._kept.get(step.key)
        if entry is None:
            return False
        entry.used = now
        self._kept.move_to_end(step.key)
        if now - entry.saved < self._settings.ttl_seconds * _WORTH_SAVING:
            return False
        entry.saved = now
        return True

    # ---- forgetting ----

    def refuse(self, session: str, proofs: Iterable[str], now: float) -> tuple[str, ...]:
        """Forget what an upstream refused, and keep it from being sent in this session again.

        Gives the keys of the steps that went. A session in which that happened is known as lossy.
        """
        gone: list[str] = []
        digests = [proof_digest(proof) for proof in proofs]
        self.mark_refused(session, digests, now)
        for told in digests:
            key = self._by_proof.get(told)
            if key is not None and key in self._kept:
                gone.append(key)
                self._drop(key)
        return tuple(gone)

    def mark_refused(self, session: str, digests: Iterable[str], now: float) -> None:
        """Note that these are never to be sent in this session again, and that it is lossy."""
        self._lossy[session] = now
        self._lossy.move_to_end(session)
        for told in digests:
            self._refused[session, told] = now
        for held in (self._refused, self._lossy):
            while len(held) > _MOST_REFUSED:
                held.popitem(last=False)

    def refused(self, session: str, proofs: Iterable[str], now: float) -> frozenset[str]:
        """Give the digests of those of these proofs that were refused in this session."""
        if not self.is_lossy(session, now):
            return frozenset()
        digests = {proof_digest(proof) for proof in proofs}
        return frozenset(told for told in digests if (session, told) in self._refused)

    def is_lossy(self, session: str, now: float) -> bool:
        """Whether an upstream refused replayed thoughts in this session, not too long ago."""
        since = self._lossy.get(session)
        return since is not None and now - since <= self._settings.ttl_seconds


def _bare(piece: Piece) -> Piece:
    return msgspec.structs.replace(piece, proof="", text="") if piece.proof else piece
