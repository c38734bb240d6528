"""Laws on the journal and the metrics: both say what happened, each decision once, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import get_args

from peekd.protocols.registry import CLIENTS
from peekd.records.entries import Entry, RequestRecord
from peekd.records.tally import MOST_MODELS, OTHER, Tally
from peekd.vocabulary.decisions import Move
from peekd.vocabulary.outcomes import AnyOutcome, name_of
from simulation.transcripts import Case

OUTCOMES = {name_of(outcome) for outcome in get_args(AnyOutcome)}


def journal_agrees(case: Case) -> Iterator[str]:
    """The journal tells each attempt, each decision right after its outcome, each pause, and the end."""
    record = case.record
    if record is None or case.call.errand != "converse" or case.call.disturbed or record.state != "done":
        return
    entries = [entry for _, entry in case.entries]
    yield from _ends(record, entries)
    yield from _decisions(record, entries)
    begun = [one.attempt for one in entries if one.phase == "attempt" and one.message.startswith("attempt ")]
    if begun != [attempt.number for attempt in record.attempts]:
        yield f"attempts {begun} are in the journal, {len(record.attempts)} in the record"
    waits = sum(entry.phase == "wait" for entry in entries)
    if waits != len(record.waits):
        yield f"{waits} pauses are in the journal, {len(record.waits)} in the record"


def _ends(record: RequestRecord, entries: Sequence[Entry]) -> Iterator[str]:
    ends = [(entry.outcome, entry.status) for entry in entries if entry.phase == "end"]
    if ends != [(record.outcome, record.status)]:
        yield f"the journal's ends are {ends}, the record's is {record.outcome} {record.status}"


def _decisions(record: RequestRecord, entries: Sequence[Entry]) -> Iterator[str]:
    for entry, following in zip_longest(entries, entries[1:], fillvalue=Entry("")):
        if entry.phase not in {"peek", "relay"} or not entry.move:
            continue
        if (following.phase, following.outcome, following.move) != ("decide", entry.outcome, entry.move):
            yield f"{entry.outcome} -> {entry.move} has no line of its own"
    for attempt in record.attempts:
        told = {one.move for one in entries if one.phase == "decide" and one.attempt == attempt.number}
        if attempt.move and attempt.move not in told:
            yield f"attempt {attempt.number} was left by {attempt.move}, the journal says {told or 'nothing'}"


# ---- metrics ------------------------------------------------------------------------------------------


class Noted:
    """What the journal of one life adds up to."""

    def __init__(self) -> None:
        self.decisions: Counter[tuple[str, str]] = Counter()
        self.ends: Counter[str] = Counter()
        self.attempts = 0

    def note(self, entry: Entry) -> None:
        """Take an entry; a caller who was not let in ends without an outcome, and is no request."""
        if entry.phase == "decide":
            self.decisions[entry.move, entry.outcome] += 1
        elif entry.phase == "end" and entry.outcome:
            self.ends[entry.outcome] += 1
        elif entry.phase == "attempt" and entry.message.startswith("attempt "):
            self.attempts += 1


def metrics_agree(tally: Tally, noted: Noted, upstreams: set[str], models: set[str]) -> Iterator[str]:
    """Sums are those of the journal, and every label is of a set that no client can add to.

    Only to be asked when nothing is open.
    """
    by_outcome: Counter[str] = Counter()
    for (_, outcome), count in tally.requests.items():
        by_outcome[outcome] += count
    if by_outcome != noted.ends:
        yield f"{dict(by_outcome)} requests are counted, {dict(noted.ends)} are in the journal"
    if tally.decisions != noted.decisions:
        differ = (tally.decisions - noted.decisions) + (noted.decisions - tally.decisions)
        yield f"decisions differ by {dict(differ)}"
    if tally.attempts.total() != noted.attempts:
        yield f"{tally.attempts.total()} attempts are counted, {noted.attempts} are in the journal"
    if sum(seen.count for seen in tally.seconds.values()) != tally.requests.total():
        yield "not every request has a length"
    yield from _labels(tally, upstreams, models)


def _labels(tally: Tally, upstreams: set[str], models: set[str]) -> Iterator[str]:
    found = {
        "protocol": ({protocol for protocol, _ in tally.requests}, set(CLIENTS)),
        "outcome": ({outcome for _, outcome in (*tally.requests, *tally.attempts)}, OUTCOMES),
        "move": ({move for move, _ in tally.decisions}, set(get_args(Move))),
        "upstream": ({upstream for upstream, _ in tally.attempts}, upstreams),
        "model": ({model for _, model, _ in tally.tokens}, models | {OTHER}),
    }
    for label, (seen, known) in found.items():
        if seen - known:
            yield f"label {label}: {sorted(seen - known)[:3]}"
    if len({pair[:2] for pair in tally.tokens}) > MOST_MODELS + len(upstreams):
        yield "models are told apart without end"
