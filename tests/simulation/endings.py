"""Laws on what is left: while the daemon idles, after it stopped, and after many worlds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from peekd.config.schema import Settings
from simulation.daemon import Daemon
from simulation.laws_journal import metrics_agree
from simulation.tongues import MODEL_AT
from simulation.wire import Line


class Ending(msgspec.Struct, frozen=True):
    """A law on what is left that was broken, and how."""

    law: str
    complaint: str


def look_over(daemon: Daemon) -> list[Ending]:
    """Look at a daemon that has nothing to do."""
    house = daemon.house
    busy = [state.name for state in house.roster.states() if state.in_flight]
    counts = {
        "no attempt is left": house.tree.upstreams.open_count(),
        "no upstream slot is left taken": house.tree.upstreams.busy_count()
        - house.tree.upstreams.errand_count(),
        "no lease is left": len(busy),
        "no earlier tree is left": len(house.grove.standing) - 1,
        "no way is left that nobody goes": len(_clients(daemon).keys() - house.tree.ways),
        "no account is known that is gone": len(house.roster.pool.health.keys() - house.tree.accounts.keys()),
        "no row is left open": house.live.opened(),
        "nobody is left inside the gate": len(_inside(daemon)),
    }
    return [Ending(law, f"{count} at the end, {busy or ''}") for law, count in counts.items() if count]


def look_into(daemon: Daemon, settings: Settings, asked: set[str]) -> list[Ending]:
    """Look at what an idle daemon has counted. `asked`: the models that clients asked for."""
    models = asked | set(MODEL_AT.values())  # where a file leads to that came and went, too
    complaints = metrics_agree(daemon.house.tally, daemon.noted, set(settings.upstreams), models)
    return [Ending("the metrics agree", complaint) for complaint in complaints]


def look_back(daemon: Daemon, lines: Sequence[Line]) -> list[Ending]:
    """Look at what a daemon that stopped has left behind. `lines`: its ends of all connections."""
    open_lines = sum(line.closed_at is None for line in lines)
    found = look_over(daemon)
    if open_lines:
        found.append(Ending("no connection is left", f"{open_lines} are still open after it stopped"))
    if daemon.server.open_connections:
        found.append(Ending("no connection is left", f"the server counts {daemon.server.open_connections}"))
    return found


def _clients(daemon: Daemon) -> Any:
    """Give the clients of upstreams by their ways."""
    return vars(daemon.house.tree.upstreams)["_clients"]


def _inside(daemon: Daemon) -> Any:
    """Give those whom the gate has counted in: nobody else has to know them."""
    return vars(daemon.front.gate)["_inside"]
