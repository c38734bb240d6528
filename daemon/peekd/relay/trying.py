"""One attempt of a request: an account is taken, asked, peeked at, and where the kernel says so relayed.

`Trying.carry_out` is all of it, inside the one scope that owns the attempt; what comes next is `journey`'s
part, and how two stand side by side `asking`'s.
"""

from __future__ import annotations

from functools import partial

import msgspec
import trio

from peekd.accounts.wanted import Lease, Rest, Target
from peekd.healing.hedge import why_not
from peekd.healing.hurry import cut_short
from peekd.healing.resume import begun_with
from peekd.healing.settings import HealingSettings
from peekd.protocols.interface import Call, Splices
from peekd.relay.answers import Headers
from peekd.relay.asked import Asked
from peekd.relay.consumption import Consumed
from peekd.relay.facing import BLANK_ACCEPTED, Facing
from peekd.relay.house import House
from peekd.relay.passage import Footing, Passage
from peekd.relay.race import Race
from peekd.relay.rendering import ToStream
from peekd.relay.scribe import Scribe
from peekd.relay.taping import Tape
from peekd.relay.tenure import Tenure
from peekd.relay.tree import Tree
from peekd.relay.trip import Trip
from peekd.upstream.headers import Proof
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Step
from peekd.vocabulary.errors import ClientError
from peekd.vocabulary.outcomes import AnyOutcome

Made = tuple[Call, Headers]


class Bout:
    """One attempt under way: its account, its place in the record, and the race that it may be in."""

    __slots__ = ("began", "call", "lease", "number", "race", "scribe", "tenure")

    def __init__(self, lease: Lease, number: int, tenure: Tenure, scribe: Scribe, began: float) -> None:
        self.lease = lease
        self.number = number
        self.tenure = tenure
        self.scribe = scribe
        self.began = began
        self.call: Made | None = None
        """What is to be sent, where that was made before the account was taken."""
        self.race: Race | None = None

    @property
    def target(self) -> Target:
        """Who is asked for what."""
        return Target(self.lease.upstream, self.lease.model)

    @property
    def lost(self) -> bool:
        """Whether another attempt stands for this one."""
        return self.race is not None and self.race.lost(self.number)

    def beside(self, outcome: AnyOutcome) -> int:
        """The attempt that stands for the next move where this one came to that, 0 for none."""
        return 0 if self.race is None else self.race.beside(self.number, outcome)

    async def come_in(self) -> None:
        """The peek is over; where another was sooner this one ends here."""
        while self.lost:
            await trio.sleep_forever()  # until the winner's word arrives

    def goes_on(self, step: Step) -> bool:
        """Whether this is the attempt that is relayed; the race, where there is one, hears of it."""
        wins = step.decision.move == "relay"
        if self.race is not None and wins:
            self.race.win(self.number)
        elif self.race is not None:
            self.race.fail(self.number, step)
        return wins


class Trying:
    """Makes a request's attempts."""

    __slots__ = ("_ahead", "_asked", "_calls", "_facing", "_house", "_scribe", "_tree")

    def __init__(self, house: House, tree: Tree, asked: Asked, facing: Facing) -> None:
        self._house = house
        self._tree = tree
        self._asked = asked
        self._facing = facing
        self._calls = facing.calls
        self._scribe = facing.scribe
        self._ahead: Made | None = None
        """The call that showed that the account about to be taken can be told the request."""

    def begin(self, trip: Trip, again: str | None = None) -> Bout | Step:
        """Take an account for an attempt; or the step that says why there is none.

        Raises ClientError where the request can be told to none of its targets.
        """
        leased = self._lease(trip, again)
        if isinstance(leased, Rest):
            step = trip.no_account(leased)
            self._scribe.stepped(step)
            return step
        trip.number = self._scribe.leased(leased)
        bout = self._bout(leased, trip.number, self._scribe)
        bout.call, self._ahead = self._ahead, None
        return bout

    def begin_beside(self, trip: Trip, bout: Bout) -> Bout | None:
        """Take another account for the same, where nothing speaks against asking twice."""
        wanted = trip.wanted_beside(bout.lease)
        seen = self._house.roster.glance(wanted)
        prospect = trip.prospect(
            bout.lease,
            seen,
            bound=bool(self._asked.head.names) or self._strange(seen),
            effects=self._asked.protocol.has_effects(self._asked.body),
        )
        if why_not(prospect, self._house.hedges.settings) or not self._house.hedges.take():
            return None
        leased = self._house.roster.lease(wanted)
        if isinstance(leased, Rest):
            return None
        number = self._scribe.leased(leased, beside=bout.number)
        return self._bout(leased, number, self._scribe.beside(number))

    def _strange(self, seen: Lease | Rest) -> bool:
        """Whether this account cannot read thoughts that the request replays."""
        if isinstance(seen, Rest):
            return False
        proofs = self._calls.proofs(self._tree.speaks(seen.upstream))
        return bool(self._house.roster.strangers(seen.account, proofs))

    def _bout(self, leased: Lease, number: int, scribe: Scribe) -> Bout:
        return Bout(leased, number, Tenure(self._house, leased), scribe, self._house.clock())

    async def carry_out(self, trip: Trip, bout: Bout) -> Step:
        """Try once; the account is settled on every way out."""
        try:
            return await self._attempt(trip, bout)
        finally:
            if not bout.tenure.settled:
                bout.tenure.settle(o.Superseded() if bout.lost else self._facing.leaving())

    def _lease(self, trip: Trip, again: str | None) -> Lease | Rest:
        """Take an account whose upstream can be told the request. Raises ClientError where none can be."""
        fits = partial(self._can_be_told, trip)
        while (leased := self._house.roster.lease_fitting(trip.wanted(again), fits)) is None:
            pass  # one target fewer
        return leased

    def _can_be_told(self, trip: Trip, lease: Lease) -> bool:
        """Whether the request can be told to this one; its target is left out of the trip where it cannot."""
        try:
            self._ahead = self._call(trip, lease)
        except ClientError as error:
            trip.pass_over(lease, error)
            self._scribe.passed_over(lease, error.fault.message)
            return False
        return True

    def _call(self, trip: Trip, lease: Lease) -> Made:
        """What such an attempt sends. Raises ClientError where the upstream's protocol cannot say it."""
        protocol = self._tree.speaks(lease.upstream)
        strange = self._house.roster.strangers(lease.account, self._calls.proofs(protocol))
        streams = trip.streams(lease.upstream)
        begun = begun_with(trip.begun)
        splices = Splices(stream=streams, repaired=trip.repaired, unreadable=strange, begun=begun)
        return self._calls.make(protocol, lease.model, splices, lease.account)

    async def _prove(self, trip: Trip, bout: Bout) -> Proof | AnyOutcome:
        """Wait for an access token of the account's: what it shows then, or what that came to."""
        account = bout.lease.account
        own, left = trip.healing(bout.lease.upstream).refresh_seconds, trip.left()
        seconds = min(own, left)
        bout.scribe.unproven(account)
        with trio.move_on_after(seconds):
            return await self._tree.credentials.ready(account)
        kind = o.BUDGET_SPENT if left < own and trip.hurried(bout.began) else o.CREDENTIAL_REFRESH
        return o.HeadersTimeout(type=kind, message=f"no access token within {seconds:.0f} s")

    def _unproven(self, trip: Trip, bout: Bout, outcome: AnyOutcome) -> Step:
        """The account has nothing to show, so nobody was asked."""
        step = self._note(trip, outcome, bout)
        bout.goes_on(step)
        return step

    async def _attempt(self, trip: Trip, bout: Bout) -> Step:
        """Open, peek, decide, and where that says so relay, inside one scope that closes the upstream."""
        lease, scribe = bout.lease, bout.scribe
        protocol = self._tree.speaks(lease.upstream)
        streams = trip.streams(lease.upstream)
        call, headers = bout.call or self._call(trip, lease)
        bout.call = None
        scribe.sent(call, streams=streams)
        left = trip.left()
        healing = capped(trip.healing(lease.upstream), left, streams=streams)
        proof = self._tree.credentials.proof(lease.account) or await self._prove(trip, bout)
        if not isinstance(proof, Proof):
            return self._unproven(trip, bout, proof)
        self._facing.secrets[lease.account] = proof.secret
        opening = self._tree.upstreams.attempt(
            upstream=lease.upstream,
            account=self._tree.accounts[lease.account],
            proof=proof,
            call=call,
            headers=headers,
            deadlines=healing,
        )
        opening.mark = scribe.marker()
        size = len(call.body)
        del call, headers  # they may be large, and an answer may take long
        tape = self._tape(trip, bout, proof.secret)
        async with opening as attempt:
            scribe.opened(attempt.upstream_request_id, attempt.status, attempt.sent)
            self._house.roster.report(
                lease, self._tree.quotas(lease.upstream, attempt.headers, self._house.seams.wall())
            )
            footing = Footing(
                trip.ends, proof.secret, self._calls.thoughts(protocol), trip.hurried(bout.began)
            )
            passage = Passage(tape.listen(attempt) if tape else attempt, protocol, scribe, healing, footing)
            self._facing.passage = passage
            scribe.watching(self._consumption(passage, lease, size))
            if self._facing.bodies is not None:
                passage.keep(self._facing.bodies.begin(proof.secret))
            outcome = await passage.peek()
            if trip.hurried(bout.began):
                outcome = cut_short(outcome, healing, left)
            await bout.come_in()
            trip.refusal = passage.refusal
            step = self._note(trip, outcome, bout)
            if not bout.goes_on(step):
                return step
            self._win(trip, bout, passage)
            return await self._carry(trip, bout, passage, outcome)

    def _tape(self, trip: Trip, bout: Bout, secret: str) -> Tape | None:
        """What keeps the attempt's bytes, where that is wanted."""
        taping = self._facing.taping
        if taping is None:
            return None
        upstream = bout.lease.upstream
        attempt = bout.scribe.record.attempts[bout.number - 1]
        return taping.begin(attempt, self._tree.settings[upstream], trip.healing(upstream), secret)

    def _consumption(self, passage: Passage, lease: Lease, size: int) -> Consumed:
        """What tells the tokens of an attempt; a prompt that nobody counts is guessed by its size."""
        calibration = self._house.counting.calibration

        def guess() -> int:
            return calibration.by_size(Target(lease.upstream, lease.model), size)

        return lambda: passage.consumed(guess)

    def _win(self, trip: Trip, bout: Bout, passage: Passage) -> None:
        """The attempt goes on alone; how long it took to begin is remembered where that matters."""
        if bout.race is not None:
            self._facing.passage = passage
            self._scribe.focus(bout.number)
            self._house.hedges.note(bout.target, trio.current_time() - bout.began)

    async def _carry(self, trip: Trip, bout: Bout, passage: Passage, accepted: AnyOutcome) -> Step:
        """Pass the answer on to its end, and decide what that was."""
        lease = bout.lease
        learning = self._calls.learning(self._tree.speaks(lease.upstream), lease, self._house.seams.ids)
        sink = self._facing.go_on(lease, trip.begun) or self._facing.open_sink(lease, passage.whole, learning)
        try:
            outcome = await passage.carry(sink)
        finally:
            learning.keep()
        bout.scribe.rendered(sink.rendering.dropped(), sink.rendering.repaired())
        self._house.roster.keep(lease.account, (*passage.watch.kept, *self._asked.head.names))
        outcome = _marked(accepted, outcome)
        trip.beyond = self._facing.beyond(lease, outcome)
        if "resume" in trip.beyond and isinstance(sink, ToStream) and sink.told is not None:
            trip.go_on(sink.told.words, lease)
        return self._note(trip, outcome, bout)

    def _note(self, trip: Trip, outcome: AnyOutcome, bout: Bout) -> Step:
        """Settle what has ended, so that the kernel sees the account as it is now; then decide."""
        if isinstance(outcome, o.Accepted):
            bout.tenure.heard()
        elif not isinstance(outcome, o.Blank):
            bout.tenure.settle(outcome)
        step = trip.decide(outcome, bout.lease, number=bout.number, beside=bout.beside(outcome))
        if step.decision.move != "relay":
            bout.tenure.settle(outcome)
        bout.scribe.stepped(step)
        return step


def capped(healing: HealingSettings, left: float, *, streams: bool = True) -> HealingSettings:
    """Deadlines that end with the budget: an attempt that shows nothing does not outlive it.

    An answer that is not streamed has its status line when it is whole: it may take as long as a thought.
    """
    headers = healing.headers_seconds if streams else max(healing.headers_seconds, healing.reasoning_seconds)
    if streams and max(healing.connect_seconds, healing.send_seconds, headers) <= left:
        return healing
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
