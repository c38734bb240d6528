"""What the ledger costs, by a daemon that has one and a daemon that has not: `./dev bench --ledger`."""

from __future__ import annotations

import statistics
import sys
from typing import NamedTuple

from jobs import Job
from measuring import do
from systems import Place, open_peekd, open_upstream


class Stage(NamedTuple):
    """A load on a daemon that has no pause: `events` in each answer, so many `requests`, 16 at once."""

    name: str
    events: int
    requests: int


ROUNDS = 5
SATURATED = (Stage("1 event, 16 at once", 1, 640), Stage("50 events, 16 streams", 50, 320))


def measure(stage: Stage, where: Place) -> float:
    """CPU of the daemon, in ms a request."""
    model = f"claude-sim-{stage.events}-0"
    found = do(Job(port=where.port, model=model, requests=stage.requests, at_once=16, system=where.pids))
    return found.system * 1e3 / stage.requests


def compare(rounds: int) -> None:
    """Compare a daemon that writes requests down with one that does not."""
    samples: dict[tuple[str, str], list[float]] = {}
    with (
        open_upstream() as upstream,
        open_peekd(upstream.port) as writing,
        open_peekd(upstream.port, ledger=False) as idle,
    ):
        for number in range(rounds + 1):
            for stage in SATURATED:
                for name, where in (("without", idle), ("with", writing)):
                    cpu = measure(stage, where)
                    if number:  # the first only warms
                        samples.setdefault((stage.name, name), []).append(cpu)
    sys.stdout.write("\n".join([*told_ledger(samples), ""]))


def told_ledger(samples: dict[tuple[str, str], list[float]]) -> list[str]:
    """What the ledger costs, a line a stage: the median of the rounds' ratios, each of one moment."""
    lines: list[str] = []
    for stage in SATURATED:
        without, with_it = (samples[stage.name, way] for way in ("without", "with"))
        ratios = [one / other for one, other in zip(with_it, without, strict=True)]
        figures = [statistics.median(way) for way in (without, with_it)]
        told = f"{figures[0]:.3f} without, {figures[1]:.3f} with the ledger, ms/request of CPU"
        share = (statistics.median(ratios) - 1) * 100
        lines.append(f"{stage.name:<24}{told}: {share:+.1f} % (rounds: {_each(ratios)})")
    return lines


def _each(ratios: list[float]) -> str:
    return ", ".join(f"{(ratio - 1) * 100:+.1f}" for ratio in sorted(ratios))
