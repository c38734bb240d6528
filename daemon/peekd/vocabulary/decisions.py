"""What we do next, and why. The counterpart, what happened, is `outcomes`."""

from __future__ import annotations

from typing import Literal

import msgspec

from peekd.vocabulary.outcomes import AnyOutcome

Move = Literal["relay", "again", "refresh", "rotate", "repair", "wait", "resume", "give_up"]


class Decision(msgspec.Struct, frozen=True, gc=False):
    """One move and the reason for it, in words a person reads in the journal and in `peekd explain`.

    `after`: seconds to pause before the move. `cool`: seconds the account rests. `pace` names the backoff's
    shape where there is one.
    """

    move: Move
    because: str
    after: float = 0.0
    cool: float = 0.0
    pace: Literal["", "fixed", "linear", "exponential"] = ""


class Step(msgspec.Struct, frozen=True, gc=False):
    """One line of a request's history: what an attempt came to and what was decided on it.

    `account` and `upstream` are "" and `attempt` is 0 where no account was to be had.
    """

    outcome: AnyOutcome
    decision: Decision
    account: str = ""
    upstream: str = ""
    attempt: int = 0


History = tuple[Step, ...]
