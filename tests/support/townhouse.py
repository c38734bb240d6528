"""A house with several upstreams, routes and accounts as a test sets them, each upstream simulated."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
from playhouse import QUICK, Playhouse

from peekd.accounts.settings import AccountSettings, SchedulingSettings
from peekd.healing.settings import HealingSettings, RouteSettings
from peekd.records.entries import Entry
from peekd.relay.house import open_house
from peekd.relay.means import Seams
from peekd.simulator.script import Script
from peekd.simulator.server import open_simulator
from peekd.store.interface import Store
from peekd.upstream.settings import UpstreamSettings


@asynccontextmanager
async def open_townhouse(  # noqa: PLR0913  the tables of a file, each by its name
    upstreams: Mapping[str, Mapping[str, Any]],
    *,
    accounts: Sequence[Mapping[str, Any]],
    plays: Mapping[str, Sequence[object]],
    routes: Sequence[Mapping[str, Any]] = (),
    healing: HealingSettings = QUICK,
    scheduling: Mapping[str, Any] = {},
    store: Store | None = None,
    wall: Callable[[], float] = lambda: 0.0,
) -> AsyncGenerator[Playhouse]:
    """Open a house. `upstreams`, `accounts` and `routes` are tables as in a file, without addresses and keys.

    An account's credential is its name, so `plays` are by account whatever upstream it asks. `scheduling`:
    the table of that name. `store`: what outlives the house, by the `wall` clock.
    """
    entries: list[Entry] = []
    async with AsyncExitStack() as stack:
        simulators = {
            name: await stack.enter_async_context(open_simulator(Script.of(plays))) for name in upstreams
        }
        house = await stack.enter_async_context(
            open_house(
                healing=healing,
                upstreams={
                    name: msgspec.convert({**table, "base_url": "simulator:play"}, UpstreamSettings)
                    for name, table in upstreams.items()
                },
                accounts=[
                    msgspec.convert({**table, "credential": f"env:{table['name'].upper()}"}, AccountSettings)
                    for table in accounts
                ],
                routes=[msgspec.convert(table, RouteSettings) for table in routes],
                journal=entries.append,
                environ={table["name"].upper(): table["name"] for table in accounts},
                dials={name: simulator.dial for name, simulator in simulators.items()},
                where="/etc/peekd/peekd.toml",
                scheduling=msgspec.convert(scheduling, SchedulingSettings),
                store=store,
                seams=Seams(wall=wall, jitter=lambda: 0.0),
            )
        )
        yield Playhouse(house, simulators, entries)
