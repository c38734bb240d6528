"""The house's memory of signatures, in front of the store that outlives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from peekd.signatures.learning import step_of
from peekd.signatures.memory import Memory
from peekd.signatures.proofs import proof_digest
from peekd.signatures.restore import (
    Restored,
    Wanted,
    attributed,
    is_signed,
    proof_and_family,
    restore,
    without_short,
)
from peekd.signatures.settings import SignatureSettings
from peekd.signatures.steps import Origin, Step
from peekd.signatures.witness import strangers
from peekd.store.interface import Bound, Deed, Forgotten, Kept, Loaded, Refused, Store, Touched
from peekd.store.volatile import Nowhere
from peekd.vocabulary.conversation import Conversation, Family, Turn


class Archive:
    """Everything here is synchronous and touches no disk. `wall`: wall time in seconds."""

    def __init__(self, settings: SignatureSettings, store: Store, wall: Callable[[], float]) -> None:
        self.settings = settings
        self._store = store
        self._wall = wall
        self._memory = Memory(settings)

    def recall(self, loaded: Loaded) -> None:
        """Take over what a store has kept."""
        for kept in loaded.steps:
            self._memory.learn(kept.step, kept.used)
        for one in loaded.refused:
            self._memory.mark_refused(one.session, one.proofs, one.since)

    def size(self) -> tuple[int, int]:
        """How many steps are remembered, and about how many bytes they take."""
        return len(self._memory), self._memory.bytes

    # ---- learning ----

    def learn(self, step: Step) -> None:
        """Remember an answer's signatures."""
        now = self._wall()
        kept = self._memory.learn(step, now)
        if kept is not None:
            self._store.write(Kept(kept, now))

    def has_twin(self, step: Step) -> bool:
        """Whether what was said before a step is needed to tell it from another."""
        return self._memory.has_twin(step, self._wall())

    def now(self) -> float:
        """Wall time."""
        return self._wall()

    def write(self, deed: Deed) -> None:
        """Hand the store what is none of the memory's."""
        self._store.write(deed)

    def bind(self, identity: str, account: str) -> None:
        """Keep which account holds what an id names."""
        self._store.write(Bound(identity, account, self._wall()))

    def review(self, conversation: Conversation, session: str) -> Conversation:
        """Give a client's conversation with each proof in its maker's name, and learn those that are new.

        A client that replays a signed part proves that it had it: an unknown proof counts as of the family
        whose place it stands in, until an upstream says otherwise.
        """
        if not any(turn.role == "assistant" and is_signed(turn) for turn in conversation.turns):
            return conversation
        now = self._wall()
        told = attributed(conversation, self._memory, now)
        told = without_short(told, self.settings.min_length)
        number = 0
        for turn in told.turns:
            if turn.role == "assistant":
                if is_signed(turn):
                    self._learn_replayed(turn, session, number)
                number += 1
        return told

    def _learn_replayed(self, turn: Turn, session: str, number: int) -> None:
        now = self._wall()
        proofs = [told for part in turn.parts for told in proof_and_family(part)]
        new: list[Family] = [family for proof, family in proofs if not self._memory.maker(proof, now)]
        if not new or self._memory.refused(session, (proof for proof, _ in proofs), now):
            return
        for family in dict.fromkeys(new):
            step = step_of(turn, Origin(family, session, number), now)
            if step is not None:
                self.learn(step)

    # ---- giving back ----

    def restore(self, conversation: Conversation, wanted: Wanted) -> Restored:
        """Put back what the client lost, as far as provenance proves it."""
        now = self._wall()
        restored = restore(conversation, self._memory, wanted, now)
        for step in restored.steps:
            if self._memory.use(step, now):
                self._store.write(Touched(step.key, now))
        return restored

    def refused(self, session: str, proofs: Iterable[str]) -> frozenset[str]:
        """Digests of those of these proofs that an upstream refused before in this session."""
        return self._memory.refused(session, proofs, self._wall())

    def strangers(self, conversation: Conversation, session: str) -> frozenset[str]:
        """Digests of those of its proofs that no answer of this session was seen to come with."""
        return strangers(conversation, self._memory, session, self._wall())

    def is_lossy(self, session: str) -> bool:
        """Whether a request of this session was refused for its thoughts before."""
        return bool(session) and self._memory.is_lossy(session, self._wall())

    def spoil(self, session: str, proofs: Iterable[str]) -> None:
        """An upstream refused a request with these proofs: forget them, and never send them again."""
        if not session:
            return
        refused, now = [*proofs], self._wall()
        for key in self._memory.refuse(session, refused, now):
            self._store.write(Forgotten(key))
        self._store.write(Refused(session, tuple(map(proof_digest, refused)), now))


def empty_archive() -> Archive:
    """An archive that keeps nothing beyond its own life, at a time that stands still."""
    return Archive(SignatureSettings(), Nowhere(), lambda: 0.0)
