"""The client's side of a journey: when headers go, what an answer goes through, what is told at the end.

How an attempt is made is `trying`, in which order things happen `journey`.
"""

from __future__ import annotations

from functools import partial
from typing import Final as Constant

from peekd.accounts.wanted import Lease, Target
from peekd.healing.resume import MISFIT, Shown
from peekd.healing.settings import RouteSettings
from peekd.healing.verdict import broken_off
from peekd.records.entries import RequestRecord
from peekd.records.narrate import AT_BOUNDARY
from peekd.relay.answers import Headers, advice, answer_headers, encode_failure, signed
from peekd.relay.asked import Asked
from peekd.relay.atomic import Atomic
from peekd.relay.bodies import Bodies
from peekd.relay.calls import Calls
from peekd.relay.delivery import Delivery, Final
from peekd.relay.house import House
from peekd.relay.joint import Joint
from peekd.relay.learning import Learning
from peekd.relay.passage import Passage
from peekd.relay.rendering import ToBody, ToStream, Verbatim
from peekd.relay.scribe import Scribe
from peekd.relay.taping import Taping
from peekd.relay.tree import Tree
from peekd.relay.trip import Trip
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Decision, Move, Step
from peekd.vocabulary.errors import Fault
from peekd.vocabulary.events import Usage
from peekd.vocabulary.outcomes import AnyOutcome, name_of

OK: Constant = 200
JSON: Constant = (("content-type", "application/json"),)
BLANK_ACCEPTED: Constant = "blank_accepted"

SLOW_SECONDS = 1.0
"""How long a client may read nothing before its leaving is told to be slow."""

MOST_TRACEPARENT = 100
"""Characters; a valid one has 55."""


class Facing:
    """One request's. `passage` is the attempt that the client may see last, `sink` where its answer goes."""

    __slots__ = (
        "_asked",
        "_delivery",
        "_house",
        "_options",
        "_tree",
        "bodies",
        "calls",
        "passage",
        "scribe",
        "secrets",
        "sink",
        "taping",
    )

    def __init__(self, house: House, tree: Tree, asked: Asked, delivery: Delivery) -> None:
        self._house = house
        self._tree = tree
        self._asked = asked
        self._delivery = delivery
        self.calls = Calls(asked, house.seal, house.archive)
        write = house.store.write
        self.scribe = Scribe(_record_of(asked), house.live, house.journal, house.clock, write)
        self.bodies = Bodies(asked, house.bodies) if house.bodies != "off" else None
        self.taping = Taping(asked, house.tapes) if house.tapes is not None else None
        self.secrets: dict[str, str] = {}
        """What each account that was asked has shown."""
        self.passage: Passage | None = None
        self.sink: ToStream | ToBody | None = None
        self._options = _NO_ROUTE

    def heed(self, options: RouteSettings) -> None:
        """The route is known, and with it the options that bear on the answer."""
        self._options = options

    @property
    def shown(self) -> bool:
        """Whether the client has seen a part of an answer."""
        return self.sink is not None and self.sink.shown

    # ---- the beginning ----

    def begin(self, *, early: bool) -> None:
        """Let the headers go, if they have not gone. `early`: before anything means something."""
        if not self._delivery.answered:
            self.scribe.committed(early=early)
            self._delivery.begin(self._headers(early=early), early=early)

    def _headers(self, *, early: bool = False) -> Headers:
        exposed = self._tree.expose_account
        return answer_headers(self.scribe.record, early=early, expose_account=exposed)

    def open_sink(self, lease: Lease, whole: bytes | None, learning: Learning) -> ToStream | ToBody:
        """Pass stage 1 for a streaming client; a comment names the account where the headers could not."""
        protocol, options = self._tree.speaks(lease.upstream), self._options
        owns_end = options.tool_boundary or options.continue_text
        rendering = self.calls.rendering(
            protocol, lease.model, self._house.seams.ids, learning, owns_end=owns_end
        )
        verbatim = isinstance(rendering, Verbatim)
        if not self._asked.head.stream:
            self.sink = ToBody(rendering, self._asked.protocol.collector(), whole if verbatim else None)
            return self.sink
        atomic = None
        if options.atomic_tools:
            atomic = Atomic(split=not verbatim, thoughts=self.calls.thoughts(protocol))
        self.sink = ToStream(
            rendering,
            self._delivery,
            told=Shown() if owns_end else None,
            atomic=atomic,
            begin=partial(self._show, lease),
        )
        return self.sink

    def _show(self, lease: Lease, sink: ToStream) -> None:
        """The first of an answer goes out: it is too late for another attempt."""
        self.begin(early=False)
        if self._delivery.early and self._tree.expose_account:
            attempts = len(self.scribe.record.attempts)
            note = f"peekd account={lease.account} model={lease.model} attempts={attempts}"
            sink.say(self._asked.protocol.encode_note(note))

    def beyond(self, lease: Lease, outcome: AnyOutcome) -> tuple[Move, ...]:
        """The moves that the route's options leave where the client has seen a part of an answer."""
        sink, protocol = self.sink, self._tree.speaks(lease.upstream)
        if not isinstance(sink, ToStream) or sink.told is None or outcome.type in {o.UNSAYABLE, MISFIT}:
            return ()
        at_call = self._options.tool_boundary and sink.told.at_call and self.calls.offers_tools(protocol)
        goes_on = self._options.continue_text and sink.told.words and protocol.continues is not None
        moves: tuple[tuple[Move, object], ...] = (("relay", at_call), ("resume", goes_on))
        return tuple(move for move, holds in moves if holds)

    def go_on(self, lease: Lease, words: str) -> ToStream | None:
        """Let the answer of this lease go on from these words; None where there are none."""
        continues = self._tree.speaks(lease.upstream).continues
        if not words or not isinstance(self.sink, ToStream) or continues is None:
            return None
        self.sink.join(Joint(words, continues))
        return self.sink

    # ---- the end ----

    async def deliver(self, step: Step) -> None:
        """Close the record of a whole answer, and only then let the last bytes go."""
        sink = self.sink
        self._note_usage(step)
        note = _note_of(step.outcome)
        if isinstance(sink, ToBody):
            body = sink.body()
            self._close("completed", OK, len(body), note=note)
            self._delivery.answer(Final(OK, (*JSON, *self._headers()), body))
        elif sink is not None:
            last = sink.rest() + self._last_of(sink, note)
            self._close("completed", OK, len(last), note=note)
            await self._delivery.give_last(last)

    def _last_of(self, sink: ToStream, note: str) -> bytes:
        """Give the frames that an answer still lacks at its end."""
        if note == AT_BOUNDARY:
            return sink.rendering.end_at_call(self._usage() or Usage())
        return sink.rendering.close()

    def _note_usage(self, step: Step) -> None:
        """The prompt of a whole answer, as the upstream counted it, teaches the local estimate."""
        usage, attempt = self._usage(), self.scribe.attempt
        if usage is not None and attempt is not None:
            target = Target(step.upstream, attempt.model)
            self._house.counting.calibration.note(target, self._asked, usage.prompt)

    async def give_up(self, trip: Trip, step: Step) -> None:
        """Tell that there is no answer, or no whole one, and why."""
        fault = signed(trip.verdict(shown=self.shown), self._asked.id)
        await self.tell(fault, name_of(trip.telling(step).outcome))

    async def tell(self, fault: Fault, outcome: str) -> None:
        """Tell the client that there is no (whole) answer, in the only way that its stage leaves."""
        self.scribe.told(fault.message, advice(fault))
        if self._delivery.stage == 0:
            final = encode_failure(self._asked, fault, self._headers())
            self._close(outcome, final.status, len(final.body))
            self._delivery.answer(final)
            return
        if isinstance(self.sink, ToStream):
            last = self.sink.rest() + self.sink.rendering.fail(fault, self._asked.id)
        else:
            last = self.calls.following().fail(fault, self._asked.id)
        self._close(outcome, OK, len(last))
        await self._delivery.give_last(last)

    async def tell_drained(self) -> None:
        """Time is up before the answer is whole: the client is told to come back. A whole one stays whole."""
        if self.scribe.record.state == "done":
            return
        drained, passage = o.Drained(message="peekd is stopping"), self.passage
        if self.shown and passage is not None and isinstance(passage.watch.at_end(shown=True), o.Completed):
            await self.deliver(Step(o.Completed(), Decision("relay", "the terminal has come")))
            return
        fault = broken_off(drained) if self.shown else Fault("overloaded", drained.message, retry_after=1)
        await self.tell(signed(fault, self._asked.id), name_of(drained))

    # ---- leaving ----

    def leave(self) -> None:
        """Close the record as the request is left; one that is closed stays as it is."""
        if self.scribe.record.state == "done":
            return
        outcome = self.leaving()
        note = self._unread() if isinstance(outcome, o.ClientGone) else ""
        self._close(name_of(outcome), self._status(), note=note)

    def _unread(self) -> str:
        """Say how long the client had read nothing of what was there for it, where that was long."""
        seconds = self._delivery.unread_seconds()
        return f"the client had read nothing for {seconds:.0f} s" if seconds >= SLOW_SECONDS else ""

    def _close(self, outcome: str, status: int | None, last: int = 0, *, note: str = "") -> None:
        """Close the record; `last`: how many bytes are still to be handed over."""
        record = self.scribe.record
        closes = record.state == "open"
        if closes:
            record.stage, record.answer_bytes = self._delivery.stage, self._delivery.given + last
            if self.bodies is not None:
                for row in self.bodies.rows(outcome):
                    self._house.store.write(row)
        self.scribe.close(outcome, status=status, note=note)
        if closes and self.taping is not None:
            self.taping.end(record, self._options)

    def leaving(self) -> AnyOutcome:
        """What an attempt is booked as that was left from outside; after the terminal nothing is lost."""
        finished = self.passage is not None and self.passage.watch.finished is not None
        if finished and self.shown:
            return o.Completed()
        return o.Drained() if self._house.draining else o.ClientGone()

    def _status(self) -> int | None:
        return OK if self._delivery.stage else None

    def _usage(self) -> Usage | None:
        return self.passage.watch.usage if self.passage is not None else None


def _note_of(outcome: AnyOutcome) -> str:
    """Give what the record says of how an answer that is passed on came to its end."""
    match outcome:
        case o.Completed(note=note):
            return note
        case o.Broken() | o.Stalled():
            return AT_BOUNDARY
        case _:
            return BLANK_ACCEPTED


_NO_ROUTE: Constant = RouteSettings("*", ())


def _record_of(asked: Asked) -> RequestRecord:
    record = RequestRecord(
        asked.id,
        asked.came,
        asked.method,
        asked.path,
        asked.protocol.name,
        asked.client,
        asked.key,
        asked.session or "",
        attempts=[],  # these three are given, for the fields' factories take longer than all else of it
        waits=[],
        turns=[],
    )
    record.model, record.stream = asked.head.model, asked.head.stream
    record.traceparent = asked.header("traceparent")[:MOST_TRACEPARENT]
    record.asked_bytes = len(asked.body)
    return record
