"""Laws on the ledger: what stands in it once all is over, beside what was seen from outside."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from peekd.records.entries import ENDED, AttemptRecord, RequestRecord
from peekd.vocabulary.events import Usage
from simulation.laws_beyond import resumed
from simulation.transcripts import OK, Case, finished

LATE = "early"
"""The commit after which no header names the account that answered."""


def one_closed_row(case: Case) -> Iterator[str]:
    """Every request has one row, closed once, and so has each attempt; also where peekd was killed."""
    if case.missed or not case.request:
        return
    row = case.row
    if row is None:
        yield f"no row of {case.request}"
        return
    open_attempts = [one.number for one in row.attempts if not one.outcome]
    if row.state != "done" or not row.outcome:
        yield f"the row is {row.state}, of outcome {row.outcome!r}"
    if open_attempts:
        yield f"the rows of attempts {open_attempts} are open"
    if row.note == ENDED and not case.call.disturbed:
        yield "it is told to have been cut by peekd's end, and peekd lived"
    if case.closes != (row.note != ENDED):
        yield f"its row was closed {case.closes} times"


def row_agrees(case: Case) -> Iterator[str]:
    """The row says what was seen: of the client, of the upstreams, and in memory."""
    row, call = case.row, case.call
    if row is None or case.missed or call.disturbed or call.errand != "converse":
        return
    if case.record is not None and msgspec.json.encode(case.record) != msgspec.json.encode(row):
        yield "the row is not what was kept in memory"
    if finished(call) and row.status != call.status:
        yield f"status {call.status}, written as {row.status}"
    if finished(call) and call.well != (row.outcome == "completed") and row.outcome != "client_gone":
        yield f"the client {'has' if call.well else 'has not'} a whole answer, the row says {row.outcome}"
    accounts = [attempt.account for attempt in row.attempts]
    asked = [said.account for said in case.said]
    hedged = any(attempt.beside for attempt in row.attempts)  # of two at once, either may arrive first
    if not (_within(sorted(asked), sorted(accounts)) if hedged else _within(asked, accounts)):
        yield f"{[said.account for said in case.said]} were asked, {accounts} are written down"
    told = call.headers.get("x-account-email")
    once = row.commit != LATE and not resumed(case)  # else it names who began, and the row who ended it
    if told and call.status == OK and once and told != row.account:
        yield f"the client was told {told}, the row says {row.account}"


def sums_agree(case: Case) -> Iterator[str]:
    """Tokens are booked once: to the request those of attempts it shows, as wasted those of all others."""
    row = case.row
    if row is None or case.missed or row.note == ENDED:
        return
    shown = {attempt.number for attempt in row.attempts if _is_shown(attempt, row)}
    if row.outcome == "completed" and row.shown not in shown:
        yield "nobody is told to have given the answer"
    for attempt in row.attempts:
        if attempt.number in shown and (attempt.wasted or (len(shown) == 1 and attempt.usage != row.usage)):
            yield f"attempt {attempt.number} was shown, with {attempt.wasted} tokens wasted"
        if attempt.number not in shown and attempt.wasted != _total(attempt.usage):
            yield f"attempt {attempt.number} was not shown, and {attempt.wasted} tokens of it wasted"
    if _spent(row) != _total(row.usage) + row.wasted:
        yield f"attempts spent {_spent(row)} tokens, the request {_total(row.usage)} and {row.wasted} wasted"


def _is_shown(attempt: AttemptRecord, row: RequestRecord) -> bool:
    """Whether the client saw some of it: it ended the answer, or another went on from its words."""
    return attempt.number == row.shown or attempt.move == "resume"


def _spent(row: RequestRecord) -> int:
    return sum(_total(attempt.usage) for attempt in row.attempts)


def _total(usage: Usage) -> int:
    return (usage.prompt or 0) + (usage.output or 0)


def _within(some: list[str], all_of_them: list[str]) -> bool:
    """Whether these stand among those in the same order."""
    rest = iter(all_of_them)
    return all(one in rest for one in some)
