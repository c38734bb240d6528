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

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from processes import free_port, running, wait_ready

HERE = Path(__file__).parent
ROUNDS = 20
LIVES = 5
"""How often the daemons are started anew: no two processes of the same program lie alike in memory."""

SETTLE_SECONDS = 0.4
"""Until what was asked last is on disk: it is promised within 250 ms."""

CONFIG = """
[server]
bind = ["127.0.0.1:{port}"]
[logs]
level = "{level}"
[upstreams.bench]
protocol = "anthropic"
base_url = "http://127.0.0.1:{upstream}"
[[accounts]]
name = "bench"
upstream = "bench"
credential = "env:BENCH_KEY"
"""
STATE = ("HOME", "XDG_STATE_HOME", "STATE_DIRECTORY")
"""Variables that lead to a state directory."""


class Load(NamedTuple):
    """Requests that leave a daemon no pause: `events` in each answer, `at_once` connections."""

    name: str
    events: int
    requests: int
    at_once: int


LOADS = (Load("1 event, 16 at once", 1, 640, 16), Load("50 events, 16 streams", 50, 480, 16))


class Way(NamedTuple):
    """How a daemon is run."""

    ledger: bool
    level: str


WAYS: Mapping[str, Way] = {
    "all": Way(ledger=True, level="info"),
    "no ledger": Way(ledger=False, level="info"),
    "bare": Way(ledger=False, level="error"),
}


class Daemon(NamedTuple):
    """A running peekd."""

    pid: int
    port: int


@contextmanager
def open_upstream() -> Generator[int]:
    """Run the upstream; gives its port."""
    with running([sys.executable, str(HERE / "upstream.py")], core=1) as process:
        assert process.stdout is not None  # noqa: S101  `running` asks for it
        yield int(process.stdout.readline())


@contextmanager
def open_daemon(upstream: int, way: Way) -> Generator[Daemon]:
    """Run `peekd serve` in this way before this upstream."""
    port = free_port()
    with tempfile.TemporaryDirectory() as place, Path(place, "log").open("wb") as log:
        config = Path(place, "peekd.toml")
        config.write_text(CONFIG.format(port=port, upstream=upstream, level=way.level))
        command = [str(Path(sys.executable).with_name("peekd")), "serve", "--config", str(config)]
        env = {name: value for name, value in os.environ.items() if name not in STATE}
        env |= {"BENCH_KEY": "none", **({"STATE_DIRECTORY": place} if way.ledger else {})}
        with running(command, core=0, env=env, log=log) as process:
            wait_ready(process, port, Path(place, "log"))
            yield Daemon(process.pid, port)


# ---- measuring --------------------------------------------------------------------------------------


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far, all threads: its clock by number, clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2)


Turn = dict[str, float]
"""CPU milliseconds that a request cost, by how the daemon is run."""


def measure_turn(load: Load, daemons: Mapping[str, Daemon]) -> Turn:
    """Ask all daemons at the same time; a failed stream ends the benchmark."""
    before = {name: cpu_of(daemon.pid) for name, daemon in daemons.items()}
    with ExitStack() as stack:
        clients = [stack.enter_context(asking(load, daemon)) for daemon in daemons.values()]
        for client in clients:
            client.communicate()
    if any(client.returncode for client in clients):
        sys.exit("bench: a stream failed; its words are above")
    time.sleep(SETTLE_SECONDS)
    spent = {name: cpu_of(daemon.pid) - before[name] for name, daemon in daemons.items()}
    return {name: seconds * 1e3 / load.requests for name, seconds in spent.items()}


def asking(load: Load, daemon: Daemon) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run a client."""
    stage = {"port": daemon.port, "model": f"sim-{load.events}-0"}
    stage |= {"requests": load.requests, "at_once": load.at_once}
    return running([sys.executable, str(HERE / "load.py"), json.dumps(stage)], core=1)


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
        daemons = {name: stack.enter_context(open_daemon(upstream, way)) for name, way in WAYS.items()}
        for load in LOADS:
            measure_turn(load, daemons)  # until all are warm
        return {load: [measure_turn(load, daemons) for _ in range(rounds)] for load in LOADS}


def compare(rounds: int) -> None:
    """Compare the three daemons, in several lives, and print what was found."""
    lives = [measure_life(-(-rounds // LIVES)) for _ in range(LIVES)]
    for load in LOADS:
        turns = [turn for life in lives for turn in life[load]]
        sys.stdout.write("\n".join([*told(load, turns), ""]))
