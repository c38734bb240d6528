"""Watches one answer for signatures while it passes, with the tool ids that the client gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from peekd.relay.archive import Archive
from peekd.signatures.learning import Learner
from peekd.signatures.steps import Origin, Step
from peekd.vocabulary.events import Event, Opened, ToolCallBlock

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What every protocol takes as a call's id."""


class Learning:
    """One answer's. `number`: how many steps its conversation had before it; asked only where it matters.

    `before`: the digest of all that was said before it; asked only where a known step is its like.
    `fresh` gives a call an id where the upstream gave none, or one that cannot be replayed; without it the
    client gets the upstream's own frames, and so the upstream's own ids.
    """

    __slots__ = (
        "_archive",
        "_before",
        "_fresh",
        "_learner",
        "_number",
        "_origin",
        "_used",
        "see",
        "see_run",
    )

    def __init__(
        self,
        archive: Archive,
        origin: Origin,
        number: Callable[[], int],
        fresh: Callable[[], str] | None = None,
        before: Callable[[], str] = str,
    ) -> None:
        self._archive = archive
        self._origin = origin
        self._number = number
        self._fresh = fresh
        self._before = before
        self._used: list[str] = []
        """Ids of calls; an answer has few, and a list is a quarter of a set."""
        self._learner = learner = Learner()
        self.see = learner.see
        """Notes an event that the client gets."""
        self.see_run = learner.see_run
        """Notes a run of words that it gets."""

    def named(self, events: Sequence[Event]) -> Sequence[Event]:
        """Give the events with the ids that the client is to get."""
        if self._fresh is None or not any(isinstance(event, Opened) for event in events):
            return events
        return [self._named(event, self._fresh) for event in events]

    def _named(self, event: Event, fresh: Callable[[], str]) -> Event:
        if not (isinstance(event, Opened) and isinstance(event.block, ToolCallBlock)):
            return event
        block = event.block
        if not _ID.fullmatch(block.id) or block.id in self._used:
            block = msgspec.structs.replace(block, id=fresh())
        self._used.append(block.id)
        return Opened(event.index, block)

    def keep(self) -> None:
        """The answer is over, whole or not: what it proved so far is remembered."""
        pieces = self._learner.pieces(self._origin.family) if self._origin.session else ()
        if pieces:
            origin = msgspec.structs.replace(self._origin, number=self._number())
            step = Step(origin, pieces, self._archive.now())
            if self._archive.has_twin(step):
                origin = msgspec.structs.replace(origin, before=self._before())
                step = msgspec.structs.replace(step, origin=origin)
            self._archive.learn(step)
