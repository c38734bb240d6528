"""Measure peekd against a bare relay and others, all in one run: `./dev bench [--rounds N] [--json FILE]`.

`./dev bench --ledger` measures instead what ledger and journal cost (`ledger`).

Upstream, client and each system are a process of their own; upstream and client share a core, what is
measured has the other. Every round asks all of them, stage by stage, so that whatever else the machine does
meets all; the median of the rounds is told. CPU is user and system time of the system itself. "upstream" and
"client" are what these cost when asked directly: while they are below the others, the figures are not theirs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ledger import ROUNDS, compare
from processes import cpu_seconds, free_port, resident_mb, running, wait_ready

HERE = Path(__file__).parent
IDLE_SECONDS = 1.0
CUTS = 20
DEFAULT_ROUNDS = 5
CONFIG = """
[server]
bind = ["127.0.0.1:{port}"]
[upstreams.bench]
protocol = "anthropic"
base_url = "http://127.0.0.1:{upstream}"
[[accounts]]
name = "bench"
upstream = "bench"
credential = "env:BENCH_KEY"
"""


class Stage(NamedTuple):
    """One kind of load: `events` in each answer, `rate` a second (0: all at once); CPU is told in `unit`."""

    name: str
    events: int
    rate: int
    requests: int
    at_once: int
    unit: str

    def per(self, seconds: float) -> float:
        """The CPU seconds of the whole stage in its unit."""
        if self.unit == "ms/request":
            return seconds * 1e3 / self.requests
        return seconds * 1e6 / (self.requests * self.events)


STAGES = (
    Stage("1 event, one at a time", 1, 0, 200, 1, "ms/request"),
    Stage("500 events at once, 8 streams", 500, 0, 64, 8, "us/event"),
    Stage("100 events/s, 64 streams", 200, 100, 64, 64, "us/event"),
)


class Place(NamedTuple):
    """Where to ask, and the processes whose CPU it costs."""

    port: int
    pids: tuple[int, ...]


class Sample(NamedTuple):
    """One stage of one round: CPU in the stage's unit, TTFT p50 in ms, wall time in seconds."""

    cpu: float
    first: float
    seconds: float
    client: float = 0.0
    """CPU of the client, in the same unit."""


class Daemon(NamedTuple):
    """A running peekd: its process, seconds until it was ready, and MB that it holds idle."""

    pid: int
    port: int
    start: float
    idle: float


Samples = dict[tuple[str, str], list[Sample]]


@contextmanager
def open_upstream() -> Generator[Place]:
    """Run the upstream."""
    with running([sys.executable, str(HERE / "upstream.py")], core=1) as process:
        assert process.stdout is not None  # noqa: S101  `running` asks for it
        yield Place(int(process.stdout.readline()), (process.pid,))


@contextmanager
def open_relay(upstream: int) -> Generator[Place]:
    """Run the bare relay before this upstream."""
    with running([sys.executable, str(HERE / "relay.py"), str(upstream)], core=0) as process:
        assert process.stdout is not None  # noqa: S101  `running` asks for it
        yield Place(int(process.stdout.readline()), (process.pid,))


@contextmanager
def open_daemon(upstream: int) -> Generator[Daemon]:
    """Run `peekd serve` before this upstream."""
    port = free_port()
    with tempfile.TemporaryDirectory() as place, Path(place, "log").open("wb") as log:
        config = Path(place, "peekd.toml")
        config.write_text(CONFIG.format(port=port, upstream=upstream))
        command = [str(Path(sys.executable).with_name("peekd")), "serve", "--config", str(config)]
        env = {**os.environ, "BENCH_KEY": "none", "STATE_DIRECTORY": place}
        with running(command, core=0, env=env, log=log) as process:
            start = wait_ready(process, port, Path(place, "log"))
            time.sleep(IDLE_SECONDS)
            yield Daemon(process.pid, port, start, resident_mb(process.pid))


# ---- measuring --------------------------------------------------------------------------------------


def run_load(**stage: str | int) -> dict[str, Any]:
    """Let the client do one stage; a failed stream ends the benchmark."""
    with running([sys.executable, str(HERE / "load.py"), json.dumps(stage)], core=1) as process:
        words, _ = process.communicate()
    if process.returncode != 0:
        sys.exit("bench: a stream failed; its words are above")
    return json.loads(words)


def measure(stage: Stage, where: Place) -> Sample:
    """Run one stage against one place."""
    before = sum(map(cpu_seconds, where.pids))
    model = f"sim-{stage.events}-{stage.rate}"
    result = run_load(port=where.port, model=model, requests=stage.requests, at_once=stage.at_once)
    spent = sum(map(cpu_seconds, where.pids)) - before
    first = statistics.median(result["first"]) * 1e3
    return Sample(stage.per(spent), first, result["seconds"], stage.per(result["cpu"]))


def measure_rounds(rounds: int, places: dict[str, Place]) -> Samples:
    """Run every stage against every place, in turn, as often as asked."""
    samples: Samples = {}
    for _ in range(rounds):
        for stage in STAGES:
            for name, where in places.items():
                samples.setdefault((stage.name, name), []).append(measure(stage, where))
    return samples


def measure_cuts(places: dict[str, Place], upstream: int) -> dict[str, list[float]]:
    """Close streams in the middle; give the milliseconds until the upstream saw its side closed."""
    cuts: dict[str, list[float]] = {}
    for name, where in places.items():
        known = CUTS * len(cuts)
        result = run_load(port=where.port, model="sim-900-50", cuts=CUTS, upstream=upstream, known=known)
        cuts[name] = sorted(seconds * 1e3 for seconds in result["cuts"])
    return cuts


# ---- telling ----------------------------------------------------------------------------------------


def told(samples: Samples, systems: Sequence[str]) -> list[str]:
    """The table, a line a stage: CPU of each system, its ratio to the bare relay's; then the first word."""
    row = "{:<30}{:>10}{:>10}" + "{:>18}" * (len(systems) - 1) + "  {}"
    lines = [row.format("CPU", "upstream", "client", *systems[1:], "")]
    for stage in STAGES:
        each = {name: _median(samples[stage.name, name], "cpu") for name in systems}
        client = _median(samples[stage.name, "direct"], "client")
        figures = [f"{each[name]:.2f} ({_ratio(each[name], each['relay'])})" for name in systems[1:]]
        lines.append(row.format(stage.name, f"{each['direct']:.2f}", f"{client:.2f}", *figures, stage.unit))
    row = "{:<30}{:>10}{:>10}" + "{:>18}" * (len(systems) - 1)
    lines += ["", row.format("first word, ms", "direct", "", *systems[1:])]
    for stage in STAGES:
        first = [_median(samples[stage.name, name], "first") for name in systems]
        lines.append(row.format(stage.name, f"{first[0]:.2f}", "", *(f"{one:.2f}" for one in first[1:])))
    return lines


def _median(samples: Sequence[Sample], what: str) -> float:
    return statistics.median(getattr(sample, what) for sample in samples)


def _ratio(one: float, other: float) -> str:
    return f"{one / other:.1f}x" if other else "-"


def told_cuts(cuts: dict[str, list[float]]) -> list[str]:
    """How long a client's leaving takes to reach the upstream, a line a place."""
    return [
        f"client's FIN to upstream closed, {name}: p50 {statistics.median(ms):.1f} ms, most {ms[-1]:.1f} ms"
        for name, ms in cuts.items()
    ]


def main() -> None:
    """Run the benchmark and print what it found."""
    parser = argparse.ArgumentParser(prog="./dev bench", description="peekd against a bare relay")
    parser.add_argument("--rounds", type=int, help="how often each stage is run (default: 5; --ledger: 20)")
    parser.add_argument("--json", type=Path, help="also write every sample to this file")
    parser.add_argument("--ledger", action="store_true", help="measure what ledger and journal cost")
    chosen = parser.parse_args()
    if chosen.ledger:
        compare(chosen.rounds or ROUNDS)
        return
    with (
        open_upstream() as upstream,
        open_relay(upstream.port) as relay,
        open_daemon(upstream.port) as daemon,
    ):
        places = {"direct": upstream, "relay": relay, "peekd": Place(daemon.port, (daemon.pid,))}
        measure_rounds(1, places)  # until all are warm
        samples = measure_rounds(chosen.rounds or DEFAULT_ROUNDS, places)
        cuts = measure_cuts(places, upstream.port)
        loaded = resident_mb(daemon.pid)
    memory = (
        f"ready in {daemon.start:.2f} s; resident {daemon.idle:.0f} MB idle, {loaded:.0f} MB after the load"
    )
    sys.stdout.write("\n".join([*told(samples, list(places)), "", memory, *told_cuts(cuts), ""]))
    if chosen.json:
        raw = {": ".join(key): [sample._asdict() for sample in each] for key, each in samples.items()}
        chosen.json.write_text(json.dumps({"samples": raw, "daemon": daemon._asdict(), "cuts_ms": cuts}))


if __name__ == "__main__":
    main()
