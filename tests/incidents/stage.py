"""Plays an incident: a house with its simulator under a virtual clock, as it stands when all is over."""

from __future__ import annotations

import errno
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple
from unittest import mock

import trio
from front import open_caller
from playhouse import Playhouse, open_playhouse

from incidents.table import Incident
from peekd.records.entries import INFO, Entry, RequestRecord
from peekd.service.applog import DayFile, open_applog
from peekd.simulator.server import Simulator

STALL_SECONDS = 40.0


class Played(NamedTuple):
    """What an incident has left: record, all journal entries, simulator, and the house, still open."""

    record: RequestRecord
    entries: list[Entry]
    simulator: Simulator
    house: Playhouse


@asynccontextmanager
async def open_incident(incident: Incident) -> AsyncGenerator[Played]:
    """Play it, and keep the house open: whoever renders it asks the house."""
    staged = open_playhouse(incident.plays, accounts=incident.accounts, protocol=incident.protocol)
    async with staged as house:
        for _ in range(incident.before):
            await house.ask(incident.body, stream=incident.stream)
        await _WAYS[incident.way](incident, house)
        record = next(house.house.live.newest_first())
        yield Played(record, house.entries, house.simulator, house)


async def _ask(incident: Incident, house: Playhouse) -> None:
    await house.ask(incident.body, stream=incident.stream)


async def _leave(incident: Incident, house: Playhouse) -> None:
    await house.ask(incident.body, stream=incident.stream, leave_after=incident.seconds)


async def _stop(incident: Incident, house: Playhouse) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_ask, incident, house)
        await trio.sleep(incident.seconds)
        house.house.draining = True
        house.house.lives.cut()


async def _stop_reading(incident: Incident, house: Playhouse) -> None:
    async with open_caller(house) as caller:
        await caller.ask(incident.body, stream=incident.stream)
        await trio.sleep(STALL_SECONDS)


async def _full_disk(incident: Incident, house: Playhouse) -> None:
    """Have app.log beside the journal, on a disk without room."""
    full = OSError(errno.ENOSPC, "No space left on device")
    journal = house.house.journal
    with (
        mock.patch.object(DayFile, "write", side_effect=full),
        open_applog("/var/log/peekd", journal, lambda: INFO) as (both, lost),
    ):
        both(Entry("listening on http://127.0.0.1:8045"))
        while not lost():
            await trio.lowlevel.checkpoint()
        house.entries.clear()
        house.house.journal = both
        await _ask(incident, house)


_WAYS = {
    "ask": _ask,
    "leave": _leave,
    "stop": _stop,
    "stop_reading": _stop_reading,
    "full_disk": _full_disk,
}
