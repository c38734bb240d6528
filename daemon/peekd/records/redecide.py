"""Decisions made anew from what the ledger has of them, under other settings. Pure.

What an upstream would have said to an attempt that was never made, nobody knows: a history is followed as far
as the new settings decide as the old ones did, and the first difference ends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from peekd.healing.decide import Circumstances, decide
from peekd.healing.policy import Policy
from peekd.healing.settings import HealingSettings
from peekd.records.entries import RequestRecord, Turn
from peekd.vocabulary.decisions import Decision, History, Step
from peekd.vocabulary.outcomes import name_of

CLOSE = 0.01
"""Seconds by which two pauses may differ and still be the same."""


class Difference(msgspec.Struct, frozen=True):
    """The first decision of a request that would be another one. `attempt` 0: nobody could be asked."""

    request: str
    came: float
    attempt: int
    account: str
    outcome: str
    move: str
    after: float
    other_move: str
    other_after: float
    because: str


def redecide(record: RequestRecord, healing: HealingSettings, policy: Policy) -> Difference | None:
    """Give the first decision that these settings would make otherwise; None where there is none.

    The time left to a request is taken as it was.
    """
    for before, turn in _histories(record.turns):
        decision = decide(turn.outcome, before, policy, _around(turn, healing), jitter=turn.jitter)
        if decision.move != turn.move or abs(decision.after - turn.after) > CLOSE:
            return _difference(record, turn, decision)
    return None


def _histories(turns: Sequence[Turn]) -> Iterator[tuple[History, Turn]]:
    history: History = ()
    for turn in turns:
        yield history, turn
        step = _step(turn)
        if step.decision.move != "relay":
            history = (*history, step)


def _step(turn: Turn) -> Step:
    told = {"move": turn.move, "because": turn.because, "after": turn.after, "pace": turn.pace}
    return Step(turn.outcome, msgspec.convert(told, Decision), turn.account, turn.upstream, turn.attempt)


def _around(turn: Turn, healing: HealingSettings) -> Circumstances:
    return Circumstances(
        account=turn.account,
        attempts=turn.attempts,
        accounts=turn.accounts,
        max_attempts=healing.max_attempts,
        max_accounts=healing.max_accounts,
        left=turn.left,
        another=turn.another,
        same=turn.same,
        soonest=turn.soonest,
        refreshable=turn.refreshable,
    )


def _difference(record: RequestRecord, turn: Turn, decision: Decision) -> Difference:
    return Difference(
        request=record.id,
        came=record.came,
        attempt=turn.attempt,
        account=turn.account,
        outcome=name_of(turn.outcome),
        move=turn.move,
        after=turn.after,
        other_move=decision.move,
        other_after=decision.after,
        because=decision.because,
    )
