"""A lease in use: settled exactly once, whoever comes first."""

from __future__ import annotations

from peekd.accounts.wanted import Lease
from peekd.healing.resume import MISFIT
from peekd.relay.house import House
from peekd.vocabulary.outcomes import Accepted, AnyOutcome, Superseded, is_crowded, is_unfoldable


class Tenure:
    """Between taking an account and booking what became of it."""

    __slots__ = ("_house", "_lease", "settled")

    def __init__(self, house: House, lease: Lease) -> None:
        self._house = house
        self._lease = lease
        self.settled = False

    def heard(self) -> None:
        """The first meaningful event has come: what the account is worth is known, and it goes on."""
        if not self.settled:
            self._house.roster.heard(self._lease)

    def settle(self, outcome: AnyOutcome) -> None:
        """Book the outcome; later calls change nothing. What only we could not do is nobody's failure."""
        if not self.settled:
            self.settled = True
            self._house.roster.settle(self._lease, _booked(outcome))


def _booked(outcome: AnyOutcome) -> AnyOutcome:
    """What an account is booked with: an answer we could not fold or join was one, our queue is nothing."""
    if not outcome.type:
        return outcome
    if is_unfoldable(outcome) or outcome.type == MISFIT:
        return Accepted()
    return Superseded() if is_crowded(outcome) else outcome
