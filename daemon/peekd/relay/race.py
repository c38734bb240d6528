"""Who is under way of two attempts of one request, and who wins: the first that means something."""

from __future__ import annotations

import trio

from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Step
from peekd.vocabulary.outcomes import AnyOutcome

OWN_FAULT = (o.Rejected, o.TooLarge, o.Signature)
"""The request's own fault, to be told or mended: the other attempt would only hear it again."""


class Race:
    """Attempts go by their numbers; each runs in a scope of its own, which alone owns it."""

    def __init__(self) -> None:
        self.told = trio.Event()
        """Set when any attempt has shown what it comes to."""
        self._winner = 0
        self._step: Step | None = None
        self._scopes: dict[int, trio.CancelScope] = {}
        self._failed: set[int] = set()

    def enter(self, number: int) -> trio.CancelScope:
        """Let an attempt start; gives the scope to run it in."""
        self._scopes[number] = trio.CancelScope()
        return self._scopes[number]

    def beside(self, number: int, outcome: AnyOutcome) -> int:
        """The number of another attempt that may still win where this one came to that, 0 for none."""
        if self._winner or isinstance(outcome, OWN_FAULT):
            return 0
        others = (other for other in self._scopes if other != number and other not in self._failed)
        return next(others, 0)

    def lost(self, number: int) -> bool:
        """Whether another attempt has won, or ended the race."""
        return self._winner not in {0, number}

    def was_overtaken(self, number: int) -> bool:
        """Whether that is all that became of it."""
        return self.lost(number) and number not in self._failed

    def win(self, number: int) -> None:
        """Let one attempt go on, and no other."""
        self.told.set()
        self._winner = number
        for other, scope in self._scopes.items():
            if other != number:
                scope.cancel()

    def fail(self, number: int, step: Step) -> None:
        """Note that an attempt has failed; that ends the race where no other could do better."""
        self.told.set()
        self._failed.add(number)
        self._step = step
        if isinstance(step.outcome, OWN_FAULT):
            self.win(number)

    def leave(self, number: int, step: Step | None) -> None:
        """Note that an attempt is over; what the winner came to counts."""
        del self._scopes[number]
        if step is not None and self._winner == number:
            self._step = step

    def result(self) -> Step:
        """What the winner came to in the end, else the last that failed. Called when all are over."""
        if self._step is None:
            raise RuntimeError("a race without an end")
        return self._step
