"""THE loop: one request from its plan to its last byte. It knows how to carry out a decision, never which.

`run` is started in the request's own nursery before any header is known; whatever cancels that nursery (the
client left, the process stops) ends the attempt, closes its upstream, settles its account and its record.
"""

from __future__ import annotations

import sys
from typing import assert_never

import trio

from peekd.relay.answers import signed
from peekd.relay.asked import Asked
from peekd.relay.asking import Asking
from peekd.relay.delivery import Delivery
from peekd.relay.facing import Facing
from peekd.relay.house import House
from peekd.relay.trip import Trip
from peekd.vocabulary import outcomes as o
from peekd.vocabulary.decisions import Step
from peekd.vocabulary.errors import ClientError, Fault


class Journey:
    """One request's way. `delivery` is the client's side of it. It must be `run`: then it leaves its tree."""

    __slots__ = ("_asked", "_asking", "_facing", "_house", "_scribe", "_tree")

    def __init__(self, house: House, asked: Asked, delivery: Delivery) -> None:
        self._house = house
        self._asked = asked
        self._tree = house.grove.take()
        self._facing = Facing(house, self._tree, asked, delivery)
        self._scribe = self._facing.scribe
        self._asking = Asking(house, self._tree, asked, self._facing)

    async def run(self) -> None:
        """Travel to the end; every way out closes the record, but for a bug: `tell_internal` must follow."""
        life = self._house.lives.open()
        try:
            with life:
                try:
                    await self._travel(self._plan())
                except ClientError as error:
                    await self._facing.tell(signed(error.fault, self._asked.id), "rejected")
            if life.cancelled_caught:
                await self._facing.tell_drained()
        finally:
            self._house.lives.close(life)
            if not isinstance(sys.exception(), Exception):
                self._facing.leave()
            self._house.grove.leave(self._tree)

    def _plan(self) -> Trip:
        """Raises ClientError for a model that is not there."""
        planned = self._tree.plan(self._asked.head.model, self._asked.protocol.name)
        self._scribe.planned(tuple(f"{target.upstream}/{target.model}" for target in planned.targets))
        trip = Trip(self._house, self._tree, self._asked, planned, self._prompt)
        self._facing.heed(trip.options)
        if trip.options.hedge:
            self._house.hedges.asked()
        self._scribe.record.turns = trip.turns
        return trip

    def _prompt(self) -> int:
        return self._facing.calls.prompt

    async def _travel(self, trip: Trip) -> None:
        """Carry out one decision after the other until one of them is the last."""
        step = await self._asking.ask(trip)
        while True:
            if step.decision.after > 0:
                await self._pause(step)
            match step.decision.move:
                case "relay":
                    await self._facing.deliver(step)
                    return
                case "give_up":
                    if isinstance(step.outcome, o.Signature):
                        self._facing.calls.spoil()
                    await self._facing.give_up(trip, step)
                    return
                case "rotate" | "wait":
                    step = await self._asking.ask(trip)
                case "again" | "resume":
                    step = await self._asking.ask(trip, again=step.account)
                case "repair":
                    trip.repaired = True
                    self._facing.calls.mend(step.outcome)
                    step = await self._asking.ask(trip, again=step.account)
                case "refresh":
                    fresh = await self._refresh(trip, step)
                    again = step.account
                    step = await self._asking.ask(trip, again) if fresh else self._decide_again(trip, step)
                case _:
                    assert_never(step.decision.move)

    async def _pause(self, step: Step) -> None:
        self._scribe.pausing(step)
        await trio.sleep(step.decision.after)

    async def _refresh(self, trip: Trip, step: Step) -> bool:
        """Fetch an account's credential anew; others that wait for the same one share the fetch."""
        fresh = False
        with trio.move_on_after(min(trip.healing(step.upstream).refresh_seconds, trip.left())):
            fresh = await self._tree.credentials.refresh(
                step.account, used=self._facing.secrets.get(step.account)
            )
        if fresh:
            self._house.roster.renew(step.account)
        self._scribe.refreshed(step.account, fresh=fresh)
        return fresh

    def _decide_again(self, trip: Trip, step: Step) -> Step:
        """The move could not be carried out: the next one is written down in its place."""
        step = trip.decide_again(step)
        self._scribe.decided(step)
        return step

    # ---- the HTTP side's ----

    def commit_early(self) -> None:
        """The HTTP side cannot wait any longer: headers and pings go out, the peek goes on."""
        self._facing.begin(early=True)

    async def tell_internal(self) -> None:
        """A bug of ours ended the journey: the client is told so, and nothing more."""
        fault = signed(Fault("internal", "peekd met a bug of its own"), self._asked.id)
        await self._facing.tell(fault, "internal")
