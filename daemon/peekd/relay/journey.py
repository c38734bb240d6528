"""THE loop: one request from its plan to its last byte. It knows how to carry out a decision, never which.

`run` is started in the request's own nursery before any header is known; whatever cancels that nursery (the
client left, the process stops) ends the attempt, closes its upstream, settles its account and its record.
"""

from __future__ import annotations

import sys
from typing import assert_never

import msgspec
import trio

from peekd.accounts.wanted import Lease, Rest, Target
from peekd.healing.settings import HealingSettings
from peekd.healing.verdict import broken_off
from peekd.protocols.interface import Call, Splices
from peekd.records.entries import RequestRecord
from peekd.relay.answers import Headers, advice, answer_headers, encode_failure, signed
from peekd.relay.asked import Asked
from peekd.relay.calls import Calls
from peekd.relay.delivery import Delivery, Final
from peekd.relay.house import House
from peekd.relay.learning import Learning
from peekd.relay.passage import Footing, Passage
from peekd.relay.rendering import ToBody, ToStream, Verbatim
from peekd.relay.scribe import Scribe
from peekd.relay.tenure import Tenure
from peekd.relay.trip import Trip
from peekd.upstream.headers import Proof
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Decision, Step
from peekd.vocabulary.errors import ClientError, Fault
from peekd.vocabulary.events import Usage
from peekd.vocabulary.outcomes import AnyOutcome, name_of

OK = 200
JSON = (("content-type", "application/json"),)
BLANK_ACCEPTED = "blank_accepted"


class Journey:
    """One request's way. `delivery` is the client's side of it. It must be `run`: then it leaves its tree."""

    def __init__(self, house: House, asked: Asked, delivery: Delivery) -> None:
        self._house = house
        self._asked = asked
        self._delivery = delivery
        self._tree = house.grove.take()
        self._calls = Calls(asked, house.seal, house.archive)
        self._scribe = Scribe(_record_of(asked), house.live, house.journal, trio.current_time)
        self._passage: Passage | None = None
        self._sink: ToStream | ToBody | None = None
        self._shown: str | None = None

    # ---- the loop ----

    async def run(self) -> None:
        """Travel to the end; every way out closes the record, but for a bug: `tell_internal` must follow."""
        try:
            with self._house.lives.open() as life:
                await self._run()
            if life.cancelled_caught:
                await self._tell_drained()
        finally:
            if not isinstance(sys.exception(), Exception):
                self._scribe.close(name_of(self._leaving()), status=self._status(), usage=self._usage())
            self._house.grove.leave(self._tree)

    async def _run(self) -> None:
        try:
            planned = self._tree.plan(self._asked.head.model, self._asked.protocol.name)
            self._scribe.planned(tuple(f"{target.upstream}/{target.model}" for target in planned.targets))
            await self._travel(Trip(self._house, self._tree, self._asked, planned))
        except ClientError as error:
            await self._tell(signed(error.fault, self._asked.id), "rejected")

    async def _travel(self, trip: Trip) -> None:
        """Carry out one decision after the other until one of them is the last."""
        step = await self._ask(trip)
        while True:
            await self._pause(step)
            match step.decision.move:
                case "relay":
                    await self._deliver(step)
                    return
                case "give_up":
                    if isinstance(step.outcome, o.Signature):
                        self._calls.spoil()
                    await self._give_up(trip, step)
                    return
                case "rotate" | "wait":
                    step = await self._ask(trip)
                case "again":
                    step = await self._ask(trip, again=step.account)
                case "repair":
                    trip.repaired = True
                    self._calls.spoil()
                    step = await self._ask(trip, again=step.account)
                case "refresh":
                    fresh = await self._refresh(trip, step)
                    again = step.account
                    step = await self._ask(trip, again) if fresh else self._decide_again(trip, step)
                case _:
                    assert_never(step.decision.move)

    async def _pause(self, step: Step) -> None:
        if step.decision.after > 0:
            self._scribe.pausing(step)
            await trio.sleep(step.decision.after)

    async def _refresh(self, trip: Trip, step: Step) -> bool:
        """Fetch an account's credential anew; others that wait for the same one share the fetch."""
        fresh = False
        with trio.move_on_after(min(trip.healing(step.upstream).refresh_seconds, trip.left())):
            fresh = await self._tree.credentials.refresh(step.account, used=self._shown)
        if fresh:
            self._house.roster.renew(step.account)
        self._scribe.refreshed(step.account, fresh=fresh)
        return fresh

    def _decide_again(self, trip: Trip, step: Step) -> Step:
        """The move could not be carried out: the next one is written down in its place."""
        step = trip.decide_again(step)
        self._scribe.decided(step)
        return step

    # ---- one attempt ----

    async def _ask(self, trip: Trip, again: str | None = None) -> Step:
        """Take an account and try once; the account is settled on every way out."""
        leased = self._lease(trip, again)
        if isinstance(leased, Rest):
            step = trip.no_account(leased)
            self._scribe.stepped(step)
            return step
        trip.number = self._scribe.leased(leased)
        tenure = Tenure(self._house, leased)
        try:
            return await self._attempt(trip, leased, tenure)
        finally:
            tenure.settle(self._leaving())

    def _lease(self, trip: Trip, again: str | None) -> Lease | Rest:
        """Take an account whose upstream can be told the request. Raises ClientError where none can be."""
        while isinstance(seen := self._house.roster.glance(trip.wanted(again)), Lease):
            try:
                self._call(trip, seen)
                break
            except ClientError as error:
                trip.pass_over(seen, error)
                self._scribe.passed_over(seen, error.fault.message)
        return self._house.roster.lease(trip.wanted(again))

    def _call(self, trip: Trip, lease: Lease) -> tuple[Call, Headers]:
        """What such an attempt sends. Raises ClientError where the upstream's protocol cannot say it."""
        protocol = self._tree.speaks(lease.upstream)
        strange = self._house.roster.strangers(lease.account, self._calls.proofs(protocol))
        streams = trip.streams(lease.upstream)
        splices = Splices(stream=streams, repaired=trip.repaired, unreadable=strange)
        return self._calls.make(protocol, lease.model, splices, lease.account)

    async def _prove(self, trip: Trip, lease: Lease) -> Proof | AnyOutcome:
        """What the account shows; its access token is waited for only where none holds."""
        seconds = min(trip.healing(lease.upstream).refresh_seconds, trip.left())
        proof = self._tree.credentials.proof(lease.account)
        if proof is None:
            self._scribe.unproven(lease.account)
            with trio.move_on_after(seconds):
                proof = await self._tree.credentials.ready(lease.account)
        if proof is None:
            return o.HeadersTimeout(
                type=o.CREDENTIAL_REFRESH, message=f"no access token within {seconds:.0f} s"
            )
        self._shown = proof.secret if isinstance(proof, Proof) else None
        return proof

    async def _attempt(self, trip: Trip, lease: Lease, tenure: Tenure) -> Step:
        """Open, peek, decide, and where that says so relay, inside one scope that closes the upstream."""
        protocol = self._tree.speaks(lease.upstream)
        streams = trip.streams(lease.upstream)
        call, headers = self._call(trip, lease)
        self._scribe.sent(call, streams=streams)
        healing = capped(trip.healing(lease.upstream), trip.left(), streams=streams)
        proof = await self._prove(trip, lease)
        if not isinstance(proof, Proof):
            return self._note(trip, proof, lease, tenure)
        opening = self._tree.upstreams.attempt(
            upstream=lease.upstream,
            account=self._tree.accounts[lease.account],
            proof=proof,
            call=call,
            headers=headers,
            deadlines=healing,
        )
        async with opening as attempt:
            self._scribe.opened(attempt.upstream_request_id, attempt.status, attempt.sent)
            self._house.roster.report(
                lease, self._tree.quotas(lease.upstream, attempt.headers, self._house.seams.wall())
            )
            footing = Footing(trip.ends, proof.secret, self._calls.thoughts(protocol))
            self._passage = passage = Passage(attempt, protocol, self._scribe, healing, footing)
            outcome = await passage.peek()
            trip.refusal = passage.refusal
            step = self._note(trip, outcome, lease, tenure)
            if step.decision.move != "relay":
                return step
            learning = self._calls.learning(protocol, lease, self._house.seams.ids)
            self._sink = sink = self._open_sink(lease, passage.whole, learning)
            try:
                accepted, outcome = outcome, await passage.carry(sink)
            finally:
                learning.keep()
            self._scribe.rendered(sink.rendering.dropped(), sink.rendering.repaired())
            self._house.roster.keep(lease.account, (*passage.watch.kept, *self._asked.head.names))
            return self._note(trip, _marked(accepted, outcome), lease, tenure)

    def _note(self, trip: Trip, outcome: AnyOutcome, lease: Lease, tenure: Tenure) -> Step:
        """Settle what has ended, so that the kernel sees the account as it is now; then decide."""
        if not isinstance(outcome, o.Accepted | o.Blank):
            tenure.settle(outcome)
        elif isinstance(outcome, o.Accepted):
            tenure.heard()
        step = trip.decide(outcome, lease)
        if step.decision.move != "relay":
            tenure.settle(outcome)
        self._scribe.stepped(step)
        return step

    # ---- the client's side ----

    def commit_early(self) -> None:
        """The HTTP side cannot wait any longer: headers and pings go out, the peek goes on."""
        self._begin(early=True)

    def _begin(self, *, early: bool) -> None:
        if not self._delivery.answered:
            self._scribe.committed(early=early)
            self._delivery.begin(self._headers(early=early), early=early)

    def _headers(self, *, early: bool = False) -> Headers:
        exposed = self._tree.expose_account
        return answer_headers(self._scribe.record, early=early, expose_account=exposed)

    def _open_sink(self, lease: Lease, whole: bytes | None, learning: Learning) -> ToStream | ToBody:
        """Pass stage 1 for a streaming client; a comment names the account where the headers could not."""
        protocol = self._tree.speaks(lease.upstream)
        rendering = self._calls.rendering(protocol, lease.model, self._house.seams.ids, learning)
        if not self._asked.head.stream:
            own = whole if isinstance(rendering, Verbatim) else None
            return ToBody(rendering, self._asked.protocol.collector(), own)
        self._begin(early=False)
        sink = ToStream(rendering, self._delivery)
        if self._delivery.early and self._tree.expose_account:
            attempts = len(self._scribe.record.attempts)
            note = f"peekd account={lease.account} model={lease.model} attempts={attempts}"
            sink.say(self._asked.protocol.encode_note(note))
        return sink

    async def _deliver(self, step: Step) -> None:
        """Close the record of a whole answer, and only then let the last bytes go."""
        sink = self._sink
        self._note_usage(step)
        note = step.outcome.note if isinstance(step.outcome, o.Completed) else BLANK_ACCEPTED
        if isinstance(sink, ToBody):
            body = sink.body()
            self._scribe.close("completed", status=OK, note=note, usage=self._usage())
            self._delivery.answer(Final(OK, (*JSON, *self._headers()), body))
        elif sink is not None:
            last = sink.rest() + sink.rendering.close()
            self._scribe.close("completed", status=OK, note=note, usage=self._usage())
            await self._delivery.give_last(last)

    def _note_usage(self, step: Step) -> None:
        """The prompt of a whole answer, as the upstream counted it, teaches the local estimate."""
        usage, attempt = self._usage(), self._scribe.attempt
        if usage is not None and attempt is not None:
            target = Target(step.upstream, attempt.model)
            self._house.counting.calibration.note(target, self._asked, usage.prompt)

    async def _give_up(self, trip: Trip, step: Step) -> None:
        shown = isinstance(self._sink, ToStream)
        fault = signed(trip.verdict(shown=shown), self._asked.id)
        await self._tell(fault, name_of(trip.telling(step).outcome))

    async def _tell(self, fault: Fault, outcome: str) -> None:
        """Tell the client that there is no (whole) answer, in the only way that its stage leaves."""
        self._scribe.told(fault.message, advice(fault))
        if self._delivery.stage == 0:
            final = encode_failure(self._asked, fault, self._headers())
            self._scribe.close(outcome, status=final.status, usage=self._usage())
            self._delivery.answer(final)
            return
        if isinstance(self._sink, ToStream):
            last = self._sink.rest() + self._sink.rendering.fail(fault, self._asked.id)
        else:
            last = self._calls.following().fail(fault, self._asked.id)
        self._scribe.close(outcome, status=OK, usage=self._usage())
        await self._delivery.give_last(last)

    async def tell_internal(self) -> None:
        """A bug of ours ended the journey: the client is told so, and nothing more."""
        fault = signed(Fault("internal", "peekd met a bug of its own"), self._asked.id)
        await self._tell(fault, "internal")

    async def _tell_drained(self) -> None:
        """Time is up before the answer is whole: the client is told to come back. A whole one stays whole."""
        if self._scribe.record.state == "done":
            return
        drained, shown = o.Drained(message="peekd is stopping"), isinstance(self._sink, ToStream)
        passage = self._passage
        if shown and passage is not None and isinstance(passage.watch.at_end(shown=True), o.Completed):
            await self._deliver(Step(o.Completed(), Decision("relay", "the terminal has come")))
            return
        fault = broken_off(drained) if shown else Fault("overloaded", drained.message, retry_after=1)
        await self._tell(signed(fault, self._asked.id), name_of(drained))

    # ---- leaving ----

    def _leaving(self) -> AnyOutcome:
        """What an attempt is booked as that was left from outside; after the terminal nothing is lost."""
        finished = self._passage is not None and self._passage.watch.finished is not None
        if finished and isinstance(self._sink, ToStream):
            return o.Completed()
        return o.Drained() if self._house.draining else o.ClientGone()

    def _status(self) -> int | None:
        return OK if self._delivery.stage else None

    def _usage(self) -> Usage | None:
        return self._passage.watch.usage if self._passage is not None else None


def capped(healing: HealingSettings, left: float, *, streams: bool = True) -> HealingSettings:
    """Deadlines that end with the budget: an attempt that shows nothing does not outlive it.

    An answer that is not streamed has its status line when it is whole: it may take as long as a thought.
    """
    headers = healing.headers_seconds if streams else max(healing.headers_seconds, healing.reasoning_seconds)
    return msgspec.structs.replace(
        healing,
        connect_seconds=min(healing.connect_seconds, left),
        send_seconds=min(healing.send_seconds, left),
        headers_seconds=min(headers, left),
    )


def _marked(accepted: AnyOutcome, outcome: AnyOutcome) -> AnyOutcome:
    """A blank that is passed on is the model's answer, and marked as one."""
    if isinstance(accepted, o.Blank) and isinstance(outcome, o.Completed | o.Blank):
        return o.Completed(note=BLANK_ACCEPTED)
    return outcome


def _record_of(asked: Asked) -> RequestRecord:
    return RequestRecord(
        id=asked.id,
        came=asked.came,
        method=asked.method,
        path=asked.path,
        protocol=asked.protocol.name,
        client=asked.client,
        key=asked.key,
        session=asked.session or "",
        model=asked.head.model,
        stream=asked.head.stream,
    )
