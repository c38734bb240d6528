"""Writes down one request: its record, and a journal entry for every step."""

from __future__ import annotations

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
from peekd.records.redact import redacted
from peekd.vocabulary.decisions import Step
from peekd.vocabulary.events import Usage
from peekd.vocabulary.outcomes import name_of

Clock = Callable[[], float]


class Scribe:
    """Every method is synchronous: what it writes stands before the next await."""

    def __init__(self, record: RequestRecord, live: Live, journal: Journal, clock: Clock) -> None:
        self.record = record
        self._live = live
        self._journal = journal
        self._clock = clock
        self._began = clock()
        live.open(record)

    def since(self) -> float:
        """Seconds since the request came in."""
        return round(self._clock() - self._began, 6)

    @property
    def attempt(self) -> AttemptRecord | None:
        """The attempt in flight, or the last one."""
        return self.record.attempts[-1] if self.record.attempts else None

    # ---- steps ----

    def planned(self, targets: tuple[str, ...]) -> None:
        """The request is understood."""
        words = f"{self.record.protocol} request for {self.record.model}"
        self._write("plan", f"{words} -> {', '.join(targets) or 'nobody'}")

    def passed_over(self, lease: Lease, why: str) -> None:
        """A target of the route cannot be told the request in its protocol; the next one may."""
        self._write("plan", f"{lease.upstream}/{lease.model} is passed over: {redacted(why)}")

    def leased(self, lease: Lease) -> int:
        """An attempt begins; gives its number, from 1."""
        attempt = AttemptRecord(
            number=len(self.record.attempts) + 1,
            account=lease.account,
            upstream=lease.upstream,
            model=lease.model,
            started=self.since(),
        )
        self.record.attempts.append(attempt)
        self.record.account, self.record.mapped_model = lease.account, lease.model
        self._write("attempt", f"attempt {attempt.number} with {lease.account}: {lease.because}")
        return attempt.number

    def sent(self, call: Call, *, streams: bool = True) -> None:
        """The call is made: what could not be said, what was changed, what was put back, how it is asked."""
        self.record.dropped, self.record.spliced = call.dropped, call.spliced
        self.record.restored = call.restored
        if streams and not self.record.stream and len(self.record.attempts) == 1:
            self._write("attempt", narrate.AUTO_CONVERTED)

    def rendered(self, kinds: frozenset[str], mended: frozenset[str] = frozenset()) -> None:
        """The answer held what the client's protocol cannot say; arguments of its calls were mended."""
        self.record.repaired = tuple(sorted(mended))
        self.record.dropped += tuple(f"answer.{kind}" for kind in sorted(kinds))

    def opened(self, upstream_request_id: str, status: int, sent: float) -> None:
        """The upstream answered a request that was `sent` then (by the clock); status 0: it failed to."""
        if self.attempt is not None and status:
            self.attempt.upstream_request_id, self.attempt.status = upstream_request_id, status
            self.attempt.marks["sent"] = round(sent - self._began, 6)

    def mark(self, name: str) -> None:
        """A phase of the attempt is reached; only the first time counts."""
        if self.attempt is not None:
            self.attempt.marks.setdefault(name, self.since())

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
            if step.decision.move != "relay" or outcome == "completed":  # what is accepted goes on
                attempt.ended = self.since()
            if step.outcome.type or step.outcome.message:
                attempt.upstream_error = narrate.said(step.outcome)
        phase: Phase = "relay" if outcome in {"completed", "broken", "stalled"} else "peek"
        priority = narrate.priority_of(step)
        error = narrate.said(step.outcome) if step.outcome.message else ""
        self._write(phase, narrate.of_outcome(step, self.record.protocol), priority, step=step, error=error)
        self.decided(step)

    def decided(self, step: Step) -> None:
        """A move was chosen, perhaps in place of one that could not be carried out."""
        if step.attempt and self.attempt is not None:
            attempt = self.attempt
            attempt.move, attempt.because = step.decision.move, step.decision.because
            attempt.after = step.decision.after
        self._write("decide", narrate.of_decision(step), INFO, step=step)

    def pausing(self, step: Step) -> None:
        """A pause begins."""
        self.record.waits.append((self.since(), step.decision.after, step.decision.because))
        self._write("wait", narrate.of_pause(step), NOTICE, step=step)

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

    def close(self, outcome: str, *, status: int | None, note: str = "", usage: Usage | None = None) -> None:
        """The request is over; a second call changes nothing."""
        record = self.record
        if record.state == "done":
            return
        record.outcome, record.status, record.note = outcome, status, note
        record.usage = usage or record.usage
        record.seconds = self.since()
        attempt = self.attempt
        if attempt is not None and attempt.ended is None:
            attempt.outcome, attempt.ended = outcome, record.seconds
        self._live.close(record)
        words = f" ({note})" if note else f": {record.verdict}" if record.verdict else ""
        tries = f"{len(record.attempts)} attempt{'s' * (len(record.attempts) != 1)}"
        priority = INFO if outcome in {"completed", "client_gone"} else WARNING
        self._write("end", f"{outcome} after {tries}, {record.seconds:.2f} s{words}", priority, end=True)

    def _write(
        self,
        phase: Phase,
        message: str,
        priority: int = INFO,
        *,
        step: Step | None = None,
        error: str = "",
        end: bool = False,
    ) -> None:
        attempt = self.attempt
        self._journal(
            Entry(
                message=message,
                priority=priority,
                request=self.record.id,
                attempt=attempt.number if attempt else 0,
                account=attempt.account if attempt else "",
                model=attempt.model if attempt else self.record.model,
                upstream=attempt.upstream if attempt else "",
                phase=phase,
                outcome=self.record.outcome if end else name_of(step.outcome) if step else "",
                move=step.decision.move if step else "",
                status=self.record.status if end else step.outcome.status if step else None,
                upstream_error=error,
            )
        )
