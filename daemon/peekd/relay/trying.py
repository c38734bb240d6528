"""One attempt of a request: an account is taken, asked, peeked at, and where the kernel says so relayed.

`Trying.ask` is all of it, inside the one scope that owns the attempt; what comes next is `journey`'s part.
"""

from __future__ import annotations

import msgspec

from peekd.accounts.wanted import Lease, Rest
from peekd.healing.resume import begun_with
from peekd.healing.settings import HealingSettings
from peekd.protocols.interface import Call, Splices
from peekd.relay.answers import Headers
from peekd.relay.asked import Asked
from peekd.relay.facing import BLANK_ACCEPTED, Facing
from peekd.relay.house import House
from peekd.relay.passage import Footing, Passage
from peekd.relay.rendering import ToStream
from peekd.relay.tenure import Tenure
from peekd.relay.trip import Trip
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Step
from peekd.vocabulary.errors import ClientError
from peekd.vocabulary.outcomes import AnyOutcome


class Trying:
    """Makes a request's attempts."""

    def __init__(self, house: House, asked: Asked, facing: Facing) -> None:
        self._house = house
        self._asked = asked
        self._facing = facing
        self._calls = facing.calls
        self._scribe = facing.scribe

    async def ask(self, trip: Trip, again: str | None = None) -> Step:
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
            tenure.settle(self._facing.leaving())

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
        protocol = self._house.speaks(lease.upstream)
        strange = self._house.roster.strangers(lease.account, self._calls.proofs(protocol))
        streams = trip.streams(lease.upstream)
        begun = begun_with(trip.begun)
        splices = Splices(stream=streams, repaired=trip.repaired, unreadable=strange, begun=begun)
        return self._calls.make(protocol, lease.model, splices, lease.account)

    async def _attempt(self, trip: Trip, lease: Lease, tenure: Tenure) -> Step:
        """Open, peek, decide, and where that says so relay, inside one scope that closes the upstream."""
        protocol = self._house.speaks(lease.upstream)
        streams = trip.streams(lease.upstream)
        call, headers = self._call(trip, lease)
        self._scribe.sent(call, streams=streams)
        healing = capped(trip.healing(lease.upstream), trip.left(), streams=streams)
        secret = self._house.credentials.secret(lease.account)
        opening = self._house.upstreams.attempt(
            upstream=lease.upstream,
            account=self._house.accounts[lease.account],
            secret=secret,
            call=call,
            headers=headers,
            deadlines=healing,
        )
        async with opening as attempt:
            self._scribe.opened(attempt.upstream_request_id, attempt.status, attempt.sent)
            footing = Footing(trip.ends, secret, self._calls.thoughts(protocol))
            passage = Passage(attempt, protocol, self._scribe, healing, footing)
            self._facing.passage = passage
            outcome = await passage.peek()
            trip.refusal = passage.refusal
            step = self._note(trip, outcome, lease, tenure)
            if step.decision.move != "relay":
                return step
            return await self._carry(trip, lease, tenure, passage, outcome)

    async def _carry(
        self, trip: Trip, lease: Lease, tenure: Tenure, passage: Passage, accepted: AnyOutcome
    ) -> Step:
        """Pass the answer on to its end, and decide what that was."""
        protocol = self._house.speaks(lease.upstream)
        learning = self._calls.learning(protocol, lease, self._house.seams.ids)
        sink = self._facing.go_on(lease, trip.begun) or self._facing.open_sink(lease, passage.whole, learning)
        try:
            outcome = await passage.carry(sink)
        finally:
            learning.keep()
        self._scribe.rendered(sink.rendering.dropped(), sink.rendering.repaired())
        self._house.roster.keep(lease.account, (*passage.watch.kept, *self._asked.head.names))
        outcome = _marked(accepted, outcome)
        trip.beyond = self._facing.beyond(lease, outcome)
        if "resume" in trip.beyond and isinstance(sink, ToStream) and sink.told is not None:
            trip.go_on(sink.told.words, lease)
        return self._note(trip, outcome, lease, tenure)

    def _note(self, trip: Trip, outcome: AnyOutcome, lease: Lease, tenure: Tenure) -> Step:
        """Settle what has ended, so that the kernel sees the account as it is now; then decide."""
        if not isinstance(outcome, o.Accepted | o.Blank):
            tenure.settle(outcome)
        step = trip.decide(outcome, lease)
        if step.decision.move != "relay":
            tenure.settle(outcome)
        self._scribe.stepped(step)
        return step


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
