"""What writing down costs: `./dev bench --ledger [--rounds N]`. Three daemons that differ in that alone.

`all` writes ledger and journal, as by default. `no ledger` has no place for its state, so no row is made or
written. `bare` has none either, and `[logs] level = "error"`, so no line of a request is encoded or written;
its words are still made, for levels are looked at behind that. `all` over `no ledger` is what the ledger
costs, `no ledger` over `bare` what the journal costs: JSON lines that go to a file.

Each turn asks all three at the same time on the same core, so what else the machine does meets all alike, and
none has a pause; what is told is the median of the ratios within turns, of several lives of each daemon. CPU
is that of all threads, in nanoseconds (the process's clock), and is read when the last rows are on disk.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from jobs import Job
from measuring import do
from systems import Place, open_peekd, open_upstream

ROUNDS = 20
LIVES = 5
"""How often the daemons are started anew: no two processes of the same program lie alike in memory."""

SETTLE_SECONDS = 0.4
"""Until what was asked last is on disk: it is promised within 250 ms."""


class Load(NamedTuple):
    """Requests that leave a daemon no pause: `events` in each answer, `at_once` connections."""

    name: str
    events: int
    requests: int
    at_once: int


LOADS = (Load("1 event, 16 at once", 1, 640, 16), Load("50 events, 16 streams", 50, 480, 16))


WAYS = {
    "all": open_peekd,
    "no ledger": partial(open_peekd, ledger=False),
    "bare": partial(open_peekd, ledger=False, level="error"),
}


# ---- measuring --------------------------------------------------------------------------------------


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far, all threads: its clock by number, clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2)


Turn = dict[str, float]
"""CPU milliseconds that a request cost, by how the daemon is run."""


def measure_turn(load: Load, daemons: Mapping[str, Place]) -> Turn:
    """Ask all daemons at the same time. Raises Failed."""
    before = {name: cpu_of(place.pids[0]) for name, place in daemons.items()}
    with ThreadPoolExecutor(len(daemons)) as pool:
        list(pool.map(do, [job_for(load, place) for place in daemons.values()]))
    time.sleep(SETTLE_SECONDS)
    spent = {name: cpu_of(place.pids[0]) - before[name] for name, place in daemons.items()}
    return {name: seconds * 1e3 / load.requests for name, seconds in spent.items()}


def job_for(load: Load, place: Place) -> Job:
    """What a client is to do."""
    model = f"claude-sim-{load.events}-0"
    return Job(port=place.port, model=model, requests=load.requests, at_once=load.at_once, system=place.pids)


# ---- telling ----------------------------------------------------------------------------------------


def told(load: Load, turns: Sequence[Turn]) -> list[str]:
    """Say what each daemon takes, and what ledger and journal add to it."""
    each = ", ".join(f"{name} {statistics.median(turn[name] for turn in turns):.3f}" for name in WAYS)
    return [
        f"{load.name}: {each} ms of CPU a request",
        *(
            f"  {what:<8}{_added([turn[more] / turn[less] for turn in turns])}"
            for what, more, less in (
                ("ledger", "all", "no ledger"),
                ("journal", "no ledger", "bare"),
                ("both", "all", "bare"),
            )
        ),
    ]


def _added(ratios: Sequence[float]) -> str:
    """Give the median of ratios as what is added, with its 95 % interval by order statistics."""
    ordered = sorted((ratio - 1) * 100 for ratio in ratios)
    away = 0.98 * len(ordered) ** 0.5  # of the median's rank: the binomial's 1.96 deviations
    low = ordered[max(0, round(len(ordered) / 2 - away) - 1)]
    high = ordered[min(len(ordered) - 1, round(len(ordered) / 2 + away))]
    return f"{statistics.median(ordered):+.1f} % (95 %: {low:+.1f} to {high:+.1f}; {len(ordered)} turns)"


def measure_life(rounds: int) -> dict[Load, list[Turn]]:
    """Start the three daemons, and ask them as often as that for each load."""
    with ExitStack() as stack:
        upstream = stack.enter_context(open_upstream())
        daemons = {name: stack.enter_context(way(upstream.port)) for name, way in WAYS.items()}
        for load in LOADS:
            measure_turn(load, daemons)  # until all are warm
        return {load: [measure_turn(load, daemons) for _ in range(rounds)] for load in LOADS}


def compare(rounds: int) -> None:
    """Compare the three daemons, in several lives, and print what was found."""
    lives = [measure_life(-(-rounds // LIVES)) for _ in range(LIVES)]
    for load in LOADS:
        turns = [turn for life in lives for turn in life[load]]
        sys.stdout.write("\n".join([*told(load, turns), ""]))
