"""A decision as it is written down: with all that it was made from, and nothing that may not be kept."""

from __future__ import annotations

import msgspec

from peekd.healing.decide import Circumstances
from peekd.records.entries import Turn
from peekd.records.redact import redacted
from peekd.vocabulary.decisions import Step
from peekd.vocabulary.outcomes import ValidationRequired


def turn_of(step: Step, around: Circumstances, jitter: float) -> Turn:
    """Give a step with its circumstances; the upstream's words are redacted."""
    decision, outcome = step.decision, step.outcome
    told = msgspec.structs.replace(outcome, message=redacted(outcome.message))
    if isinstance(told, ValidationRequired):
        told = msgspec.structs.replace(told, url="")  # it lets whoever has it in
    return Turn(
        outcome=told,
        move=decision.move,
        because=decision.because,
        attempt=step.attempt,
        account=step.account,
        upstream=step.upstream,
        pace=decision.pace,
        after=decision.after,
        attempts=around.attempts,
        accounts=around.accounts,
        left=around.left,
        another=around.another,
        same=around.same,
        soonest=around.soonest,
        refreshable=around.refreshable,
        jitter=jitter,
    )
