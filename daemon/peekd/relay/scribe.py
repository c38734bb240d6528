"""Writes down one request: its record, its rows in the ledger, and a journal entry for every step."""

from __future__ import annotations

import copy
from collections.abc import Callable

from peekd.accounts.wanted import Lease
from peekd.protocols.interface import Call
from peekd.records import narrate
from peekd.records.entries import (
    DEBUG,
    INFO,
    NOTICE,
    WARNING,
    AttemptRecord,
    Entry,
    Journal,
    Phase,
    RequestRecord,
)
from peekd.records.live import Live
from peekd.records.prices import cost_of
from peekd.records.redact import redacted
from peekd.records.rows import attempt_draft, request_draft
from peekd.relay.consumption import Consumed, added, nothing
from peekd.store.rows import Draft
from peekd.vocabulary.decisions import Step
from peekd.vocabulary.outcomes import name_of

Clock = Callable[[], float]

Write = Callable[[Draft], None]
"""Takes a row for the ledger and returns at once; it never raises and never waits."""

SHOWN = frozenset({"completed", "broken", "stalled"})
"""Outcomes of an answer that was carried to the client."""


def unwritten(_row: Draft) -> None:
    """Where there is no ledger."""


class Scribe:  # noqa: PLR0904  one for each kind of step
    """Every method is synchronous: what it writes stands before the next await."""

    __slots__ = ("_began", "_clock", "_consumed", "_drafts", "_journal", "_live", "_row", "attempt", "record")

    def __init__(
        self, record: RequestRecord, live: Live, journal: Journal, clock: Clock, write: Write = unwritten
    ) -> None:
        self.record = record
        self.attempt: AttemptRecord | None = None
        """The attempt in flight, or the last one."""
        self._row = write
        self._drafts = [request_draft(record)]
        """The request's row, and behind it that of each attempt, by its number."""
        self._consumed: dict[int, Consumed] = {}
        self._live = live
        self._journal = journal
        self._clock = clock
        self._began = clock()
        live.open(record)
        write(self._drafts[0])

    def focus(self, number: int) -> None:
        """Write of this attempt from now on, until another begins, though it is not the newest."""
        self.attempt = attempt = self.record.attempts[number - 1]
        self.record.account, self.record.mapped_model = attempt.account, attempt.model

    def beside(self, number: int) -> Scribe:
        """A scribe of one attempt, of two that are under way."""
        scribe = copy.copy(self)
        scribe.attempt = self.record.attempts[number - 1]
        return scribe

    def since(self) -> float:
        """Seconds since the request came in."""
        return int((self._clock() - self._began) * 1e6 + 0.5) / 1e6  # as below, without the call

    # ---- steps ----

    def planned(self, targets: tuple[str, ...]) -> None:
        """The request is understood."""
        words = f"{self.record.protocol} request for {self.record.model}"
        self._write("plan", f"{words} -> {', '.join(targets) or 'nobody'}")

    def passed_over(self, lease: Lease, why: str) -> None:
        """A target of the route cannot be told the request in its protocol; the next one may."""
        self._write("plan", f"{lease.upstream}/{lease.model} is passed over: {redacted(why)}")

    def leased(self, lease: Lease, *, beside: int = 0) -> int:
        """An attempt begins, perhaps `beside` another one; gives its number, from 1."""
        number = len(self.record.attempts) + 1
        attempt = AttemptRecord(number, lease.account, lease.upstream, lease.model, self.since(), {})
        attempt.beside = beside
        self.attempt = attempt
        self.record.attempts.append(attempt)
        self._drafts.append(attempt_draft(self.record, attempt))
        self._row(self._drafts[number])
        self.record.account, self.record.mapped_model = lease.account, lease.model
        hedge = f" beside attempt {beside}, which has shown nothing yet" if beside else ""
        self._write("attempt", f"attempt {number} with {lease.account}{hedge}: {lease.because}")
        return number

    def sent(self, call: Call, *, streams: bool = True) -> None:
        """The call is made: what could not be said, what was changed, what was put back, how it is asked."""
        self.record.dropped, self.record.spliced = call.dropped, call.spliced
        self.record.restored = call.restored
        if self.attempt is not None:
            self.attempt.sent_bytes = len(call.body)
        if streams and not self.record.stream and len(self.record.attempts) == 1:
            self._write("attempt", narrate.AUTO_CONVERTED)

    def rendered(self, kinds: frozenset[str], mended: frozenset[str] = frozenset()) -> None:
        """The answer held what the client's protocol cannot say; arguments of its calls were mended."""
        if mended:
            self.record.repaired = tuple(sorted(mended))
        if kinds:
            self.record.dropped += tuple(f"answer.{kind}" for kind in sorted(kinds))

    def opened(self, upstream_request_id: str, status: int, sent: float) -> None:
        """The upstream answered a request that was `sent` then (by the clock); status 0: it failed to."""
        if self.attempt is not None and status:
            self.attempt.upstream_request_id, self.attempt.status = upstream_request_id, status
            self.attempt.marks.setdefault("sent", _to_microsecond(sent - self._began))

    def marker(self) -> Callable[[str, float], None]:
        """Give what notes phases of the attempt in flight, as seen by the clock."""
        attempt, began = self.attempt, self._began

        def mark(name: str, at: float) -> None:
            if attempt is not None:
                attempt.marks.setdefault(name, _to_microsecond(at - began))

        return mark

    def watching(self, consumed: Consumed) -> None:
        """Know what the attempt in flight consumes: it is asked once the attempt is over."""
        if self.attempt is not None:
            self._consumed[self.attempt.number] = consumed

    def mark(self, name: str) -> None:
        """A phase of the attempt is reached; only the first time counts."""
        attempt = self.attempt
        if attempt is not None and name not in attempt.marks:
            attempt.marks[name] = self.since()

    def heartbeat(self, raw: bytes) -> None:
        """A keep-alive came while peeking."""
        self._write("peek", narrate.skipped_heartbeat(raw), DEBUG)

    def committed(self, *, early: bool) -> None:
        """Stage 1 is passed."""
        self.record.commit = "early" if early else "late"
        self.record.first_byte = self.since()
        why = "headers and pings go out while peeking" if early else "the first meaningful event has come"
        self._write("commit", f"{self.record.commit} commit: {why}")

    def stepped(self, step: Step) -> None:
        """An attempt came to an outcome, or nobody could be asked; and that was decided on."""
        outcome = name_of(step.outcome)
        if step.attempt and self.attempt is not None:
            attempt = self.attempt
            attempt.outcome, attempt.status = outcome, step.outcome.status or attempt.status
            if outcome == "completed" or (step.decision.move == "relay" and self.record.stream):
                self.record.shown = attempt.number
            elif outcome not in SHOWN and self.record.shown == attempt.number:
                self.record.shown = 0  # it was passed on, and failed before the client had a word of it
            if step.decision.move != "relay" or outcome in SHOWN:  # what is accepted goes on
                self._end(attempt, seen=step.decision.move == "resume")
            if step.outcome.type or step.outcome.message:
                attempt.upstream_error = narrate.said(step.outcome)
        phase: Phase = "relay" if outcome in SHOWN else "peek"
        priority = narrate.priority_of(step)
        error = narrate.said(step.outcome) if step.outcome.message and step.attempt else ""
        self._write(phase, narrate.of_outcome(step, self.record.protocol), priority, step, error)
        self.decided(step)

    def decided(self, step: Step) -> None:
        """A move was chosen, perhaps in place of one that could not be carried out."""
        if step.attempt and self.attempt is not None:
            attempt = self.attempt
            attempt.move, attempt.because = step.decision.move, step.decision.because
            attempt.after = step.decision.after
            if attempt.ended is not None:
                self._row(self._drafts[attempt.number])
        self._live.stepped(step)
        self._write("decide", narrate.of_decision(step), INFO, step)

    def pausing(self, step: Step) -> None:
        """A pause begins."""
        self.record.waits.append((self.since(), step.decision.after, step.decision.because))
        self._write("wait", narrate.of_pause(step), NOTICE, step)

    def unproven(self, account: str) -> None:
        """An account has no access token that holds: the attempt waits for one."""
        self._write("refresh", f"waiting for an access token of {account}")

    def refreshed(self, account: str, *, fresh: bool) -> None:
        """A credential was fetched anew."""
        words = "is fetched anew" if fresh else "is still the same"
        self._write("refresh", f"the credential of {account} {words}", NOTICE)

    # ---- the end ----

    def told(self, verdict: str, advice: str) -> None:
        """The client is told that there is no answer."""
        self.record.verdict, self.record.advice = redacted(verdict), advice

    def _end(self, attempt: AttemptRecord, *, seen: bool = False) -> None:
        """An attempt is over: book what it consumed, to the client or as wasted.

        `seen`: the client saw a part of it, though it is another one that ends the answer.
        """
        consumed = self._consumed.pop(attempt.number, nothing)()
        attempt.ended = self.since()
        attempt.usage, attempt.counted = consumed.usage, consumed.counted
        attempt.stop, attempt.received_bytes = consumed.stop, consumed.received
        attempt.cost = cost_of(attempt.model, consumed.usage)
        attempt.wasted = 0 if seen or attempt.number == self.record.shown else consumed.tokens

    def _sum_up(self) -> None:
        """Book to the request what its attempts consumed."""
        record = self.record
        seen: list[AttemptRecord] = []
        costs: list[float] = []
        wasted = 0
        for one in record.attempts:
            wasted += one.wasted
            if one.number == record.shown or one.move == "resume":
                seen.append(one)
            if one.cost is not None:
                costs.append(one.cost)
        if seen:
            record.usage, record.counted = added([one.usage for one in seen]), seen[-1].counted
        record.wasted = wasted
        record.cost = round(sum(costs), 9) if costs else None

    def close(self, outcome: str, *, status: int | None, note: str = "") -> None:
        """The request is over; a second call changes nothing."""
        record = self.record
        if record.state == "done":
            return
        record.outcome, record.status, record.note = outcome, status, note
        record.seconds = self.since()
        for attempt in record.attempts:
            if attempt.ended is None:
                attempt.outcome = outcome
                self._end(attempt)
                self._row(self._drafts[attempt.number])
        self._sum_up()
        self._live.close(record)
        self._row(self._drafts[0])
        quiet = outcome in {"completed", "client_gone"} and note != narrate.AT_BOUNDARY
        priority = INFO if quiet else WARNING
        self._write("end", narrate.of_end(record), priority)

    def _write(
        self, phase: Phase, message: str, priority: int = INFO, step: Step | None = None, error: str = ""
    ) -> None:
        record, attempt = self.record, self.attempt
        if self._live.on_change:
            self._live.changed(record)
        if step is not None:
            outcome, move, status = name_of(step.outcome), step.decision.move, step.outcome.status
        elif phase == "end":
            outcome, move, status = record.outcome, "", record.status
        else:
            outcome, move, status = "", "", None
        if attempt is None:
            number, account, model, upstream = 0, "", record.model, ""
        else:
            number, account = attempt.number, attempt.account
            model, upstream = attempt.model, attempt.upstream
        self._journal(
            Entry(  # by place: eight to a request
                message,
                priority,
                record.id,
                number,
                account,
                model,
                upstream,
                phase,
                outcome,
                move,
                status,
                error,
            )
        )


def _to_microsecond(seconds: float) -> float:
    """Round a time that is not before its beginning; `round` takes three times as long."""
    return int(seconds * 1e6 + 0.5) / 1e6
