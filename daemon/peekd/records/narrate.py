"""The journal's words for each step. People search for some of these phrases: docs/promises.md lists them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from peekd.records.advice import advice
from peekd.records.entries import DEBUG, INFO, NOTICE, WARNING, RequestRecord
from peekd.records.redact import redacted
from peekd.vocabulary.decisions import Step
from peekd.vocabulary.outcomes import Outcome, name_of

RETRIES = frozenset({"again", "refresh", "rotate", "repair", "wait", "resume"})

Phrase = Callable[[Outcome, str], str]

SIGNATURE = (
    "Unexpected thinking signature error (should have been filtered). "
    "Retrying with all thinking blocks removed."
)
AT_BOUNDARY = "completed_at_tool_boundary"
"""The note on an answer that broke off after a whole tool call, and was ended there."""

AUTO_CONVERTED = "Auto-converting non-stream request to stream for better quota"


NOBODY = "no_account: every account that could serve rests, was tried, or is disabled"

_SECONDS = re.compile(r"for ([0-9]+) s$")


def skipped_heartbeat(raw: bytes) -> str:
    """A keep-alive of the upstream's came while peeking."""
    return f"Skipping peek heartbeat: {raw[:60]!r}"


def _ended(_outcome: Outcome, then: str) -> str:
    return f"Stream ended during peek (Empty Response), {then}"


def _timed_out(outcome: Outcome, then: str) -> str:
    seconds = _SECONDS.search(outcome.message)
    waited = f"{seconds[1]}s" if seconds else redacted(outcome.message)
    return f"Timeout waiting for first data ({waited}), {then}"


def _erred(outcome: Outcome, then: str) -> str:
    return f"Stream error during peek: {said(outcome)}, {then}"


def _ended_immediately(_outcome: Outcome, then: str) -> str:
    return f"Stream ended immediately (Empty Response), {then}"


def _first_chunk_empty(_outcome: Outcome, then: str) -> str:
    return f"[Gemini] Empty first chunk received, {then}"


PHRASES: Mapping[str, Phrase] = {
    "empty": _ended,
    "blank": _ended,
    "truncated": _ended,
    "silent": _timed_out,
    "error_in_stream": _erred,
    "malformed": _erred,
}

OWN_PHRASES: Mapping[str, Mapping[str, Phrase]] = {
    "gemini": {
        "empty": _ended_immediately,
        "truncated": _ended_immediately,
        "blank": _first_chunk_empty,
    },
}
"""By the client's protocol: what is said in place of the phrase that all others get."""

PRIORITIES: Mapping[str, int] = {"relay": INFO, "give_up": WARNING, "wait": NOTICE}


def said(outcome: Outcome) -> str:
    """The upstream's words about a failure, redacted: type and message."""
    return ": ".join(part for part in (outcome.type, redacted(outcome.message)) if part) or name_of(outcome)


def of_outcome(step: Step, protocol: str = "") -> str:
    """Tell what an attempt came to; `protocol` is the client's."""
    outcome, move = step.outcome, step.decision.move
    kind = name_of(outcome)
    if kind == "signature" and move == "repair":
        return SIGNATURE
    if kind == "no_account":
        return f"{NOBODY} ({outcome.message})" if outcome.message else NOBODY
    phrase = OWN_PHRASES.get(protocol, PHRASES).get(kind) or PHRASES.get(kind)
    if phrase is not None:
        then = "retrying..." if move in RETRIES else "passed on" if move == "relay" else "giving up"
        return phrase(outcome, then)
    status = f" {outcome.status}" if outcome.status else ""
    words = f": {said(outcome)}" if outcome.type or outcome.message else ""
    return f"{kind}{status}{words}"


def of_decision(step: Step) -> str:
    """Tell what is done about it."""
    decision = step.decision
    pause = f" after {decision.after:.2f} s" if decision.after else ""
    return f"{decision.move}{pause}: {decision.because}"


def of_pause(step: Step) -> str:
    """Tell of a pause before a retry."""
    shape = {"fixed": "fixed delay", "linear": "linear backoff", "exponential": "exponential backoff"}
    decision = step.decision
    told = f"status={step.outcome.status or '-'}, attempt={step.attempt}, delay={decision.after:.2f}s"
    return f"Retry with {shape.get(decision.pace, 'fixed delay')}: {told}"


def of_end(record: RequestRecord) -> str:
    """Tell what became of a request that is over, what its client was told, and what a person can do."""
    count = len(record.attempts)
    tries = f"{count} attempt{'s' * (count != 1)}"
    words = f" ({record.note})" if record.note else f": {record.verdict}" if record.verdict else ""
    told = f"{record.outcome} after {tries}, {record.seconds or 0.0:.2f} s{words}"
    straight = record.outcome == "completed" and count == 1
    return told if straight else f"{told}. What you can do: {advice(record)}"


def priority_of(step: Step) -> int:
    """How loud a step is: a whole answer and its start are information, a retry is a notice.

    An answer that broke off and is passed on all the same, at a tool call, is a warning; an attempt that was
    too slow is none.
    """
    kind = name_of(step.outcome)
    if step.decision.move == "relay" and kind in {"broken", "stalled"}:
        return WARNING
    if kind == "superseded":
        return INFO
    return PRIORITIES.get(step.decision.move, NOTICE)


__all__ = [
    "AT_BOUNDARY",
    "AUTO_CONVERTED",
    "DEBUG",
    "of_decision",
    "of_end",
    "of_outcome",
    "of_pause",
    "priority_of",
    "said",
    "skipped_heartbeat",
]
