"""Plays an incident: a house with its simulator under a virtual clock, as it stands when all is over."""

from __future__ import annotations

import errno
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import trio
from front import open_caller
from playhouse import Playhouse, open_playhouse

from incidents.table import Incident
from peekd.config.load import Loaded
from peekd.config.schema import Settings
from peekd.healing.settings import HedgingSettings
from peekd.records.entries import INFO, Entry, RequestRecord
from peekd.service.applog import DayFile, open_applog
from peekd.service.notify import Notifier
from peekd.service.reload import Parts, Reloader, Source
from peekd.simulator.server import Simulator
from peekd.vocabulary.errors import OperatorError

STALL_SECONDS = 40.0
HEDGING = HedgingSettings(min_seconds=4, max_seconds=4, max_share=1)
FAULT = "/etc/peekd/peekd.toml:12: healing.max_attempts: expected a number from 1 on, found 'many'"


class Played(NamedTuple):
    """What an incident has left: record, all journal entries, simulator, and the house, still open."""

    record: RequestRecord
    entries: list[Entry]
    simulator: Simulator
    house: Playhouse


@asynccontextmanager
async def open_incident(incident: Incident) -> AsyncGenerator[Played]:
    """Play it, and keep the house open: whoever renders it asks the house."""
    staged = open_playhouse(
        incident.plays,
        accounts=incident.accounts,
        protocol=incident.protocol,
        hedging=HEDGING if incident.hedges else None,
    )
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


async def _bad_settings(incident: Incident, house: Playhouse) -> None:
    """Have the settings read anew while they have a fault."""
    loaded = Loaded(Settings(), source_path=None, searched=(Path("/etc/peekd/peekd.toml"),))
    nobody = mock.Mock()
    parts = Parts(
        house=house.house,
        front=nobody,
        server=nobody,
        dials=nobody,
        hosts=(),
        environ={},
        journal=house.house.journal,
        notifier=Notifier(None),
        limits=nobody,
        tune=nobody,
    )
    with without_threads():
        await Reloader(Settings(), Source(_faulty, loaded), parts).reload()
    await _ask(incident, house)


@contextmanager
def without_threads() -> Generator[None]:
    """Let what is done in threads be done here: the virtual clock waits for no thread."""
    with mock.patch.object(trio.to_thread, "run_sync", _here):
        yield


async def _here(work: Callable[[], object], **_: object) -> object:
    await trio.lowlevel.checkpoint()
    return work()


def _faulty() -> Loaded:
    raise OperatorError(FAULT)


_WAYS = {
    "ask": _ask,
    "leave": _leave,
    "stop": _stop,
    "stop_reading": _stop_reading,
    "full_disk": _full_disk,
    "bad_settings": _bad_settings,
}
