"""What became of an account's attempts since the start, counted."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from peekd.accounts.cooldown import COOLDOWNS, GOOD
from peekd.vocabulary.outcomes import Outcome, name_of


class Tally(msgspec.Struct, frozen=True, gc=False):
    """`requests`: attempts that ended. `served` and `failed` are those that speak of the account.

    `last_error`: the last failure's words, `last_error_at` when that was (wall time, seconds since 1970).
    """

    requests: int = 0
    served: int = 0
    failed: int = 0
    last_error: str = ""
    last_error_at: float | None = None

    @property
    def success_rate(self) -> float | None:
        """The share of the attempts that speak of it, 0 to 1; None where none has yet.

        >>> Tally(served=3, failed=1).success_rate, Tally().success_rate
        (0.75, None)
        """
        judged = self.served + self.failed
        return self.served / judged if judged else None


def counted(tally: Tally, outcome: Outcome, words: Callable[[Outcome], str], at: float) -> Tally:
    """Count an attempt. What a client, a request or peekd itself was at fault for counts as neither.

    `words`: what is told of a failure; asked for one only.
    """
    name = name_of(outcome)
    if name in GOOD:
        return msgspec.structs.replace(tally, requests=tally.requests + 1, served=tally.served + 1)
    tally = msgspec.structs.replace(tally, requests=tally.requests + 1)
    if name not in COOLDOWNS:
        return tally
    return msgspec.structs.replace(
        tally, failed=tally.failed + 1, last_error=words(outcome), last_error_at=at
    )
