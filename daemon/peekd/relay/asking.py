"""Asking for an answer: one attempt, or on routes that want it a second one beside it that is late to begin.

When a second may start is `healing.hedge`'s business, who wins `race`'s. Both run in one nursery inside the
request's, so whatever ends the request ends both.
"""

from __future__ import annotations

from collections.abc import Awaitable

import trio

from peekd.relay.asked import Asked
from peekd.relay.facing import Facing
from peekd.relay.house import House
from peekd.relay.race import Race
from peekd.relay.tree import Tree
from peekd.relay.trip import Trip
from peekd.relay.trying import Bout, Trying
from peekd.vocabulary.decisions import Step


class Asking:
    """One request's."""

    __slots__ = ("_asked", "_house", "_scribe", "_tree", "_trying")

    def __init__(self, house: House, tree: Tree, asked: Asked, facing: Facing) -> None:
        self._house = house
        self._tree = tree
        self._asked = asked
        self._scribe = facing.scribe
        self._trying = Trying(house, tree, asked, facing)

    def ask(self, trip: Trip, again: str | None = None) -> Awaitable[Step]:
        """Ask once, perhaps two accounts side by side; what is awaited gives what came of it, decided.

        Not `async`: it would be held, with nothing to do, for as long as an answer takes.
        """
        bout = self._trying.begin(trip, again)
        if isinstance(bout, Step):
            return _decided(bout)
        return self._race(trip, bout) if self._may_hedge(trip, bout) else self._trying.carry_out(trip, bout)

    def _may_hedge(self, trip: Trip, bout: Bout) -> bool:
        """Whether it may come to a second attempt; what is asked only then stands in `Prospect`.

        Only for clients that stream: what is won is the time to the first word, and others wait for the last.
        """
        wanted = trip.options.hedge and self._asked.head.stream and not trip.begun
        return wanted and trip.streams(bout.lease.upstream)

    async def _race(self, trip: Trip, first: Bout) -> Step:
        race = Race()
        first.scribe = self._scribe.beside(first.number)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._contend, trip, first, race)
            with trio.move_on_after(self._house.hedges.delay(first.target)):
                await race.told.wait()
            second = None if race.told.is_set() else self._trying.begin_beside(trip, first)
            if second is not None:
                nursery.start_soon(self._contend, trip, second, race)
        return race.result()

    async def _contend(self, trip: Trip, bout: Bout, race: Race) -> None:
        step = None
        bout.race = race
        with race.enter(bout.number):
            try:
                step = await self._trying.carry_out(trip, bout)
            finally:
                race.leave(bout.number, step)
                if race.was_overtaken(bout.number):
                    self._supersede(trip, bout)

    def _supersede(self, trip: Trip, bout: Bout) -> None:
        """Write down that another was sooner; that long it would have taken at least."""
        self._house.hedges.note(bout.target, trio.current_time() - bout.began)
        bout.scribe.stepped(trip.supersede(bout.lease, bout.number))


async def _decided(step: Step) -> Step:  # noqa: RUF029  it is awaited where an attempt would be
    return step
