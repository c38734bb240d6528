"""Measure peekd beside a bare relay and others, all in one run: `./dev bench --help`.

Upstream, client and each system are processes of their own; upstream and client share a core, what is
measured has the other. Every round asks all systems, stage by stage, so that whatever else the machine does
meets all; the median of the rounds is told. CPU is user and system time of the system and all its children.
What upstream and client cost is measured and told too: a figure for which they are too dear is marked.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import instructions
import ledger
from bars import plot
from command import ROUNDS, parser, stages
from having import NotInstalled
from interpreter import choose, python
from measuring import Failed, Figures, measure
from peers import PEERS
from processes import NotStarted, allow_descriptors, go_ahead
from stages import Stage
from systems import OWN, Place, System, open_upstream, peekd_of
from telling import FOOT, medians, tables

PLOT = Path(__file__).parent.parent / "docs/performance.svg"
HURRY = 0.25
RED, GREEN, DIM, PLAIN = ("\033[31m", "\033[32m", "\033[2m", "\033[0m") if sys.stderr.isatty() else ("",) * 4


class Running(NamedTuple):
    """A system that is up."""

    system: System
    place: Place


def say(words: str, colour: str = DIM) -> None:
    """Tell how it goes, on stderr."""
    sys.stderr.write(f"{colour}bench: {words}{PLAIN}\n")


def chosen_systems(chosen: argparse.Namespace) -> list[System]:
    """Own systems and peers, as asked for; a peer that cannot be had is said and left out."""
    found = [system for system in OWN if not chosen.only or system.name in chosen.only]
    if chosen.beside:
        found.append(peekd_of(chosen.beside))
    wanted = chosen.peers | chosen.only | (set(PEERS) if chosen.all else set[str]())
    for name, (get, system) in PEERS.items():
        if name not in wanted or (chosen.only and name not in chosen.only):
            continue
        say(f"having {name}")
        try:
            get()
        except NotInstalled as fault:
            say(f"{name} is left out, for it cannot be had: {fault}", RED)
        else:
            found.append(system)
    return found


def open_all(stack: ExitStack, systems: Sequence[System], upstream: Place) -> list[Running]:
    """Start every system; one that does not start is said and left out."""
    found: list[Running] = []
    for system in systems:
        say(f"starting {system.name}")
        try:
            place = stack.enter_context(system.open(upstream.port))
        except (NotStarted, NotInstalled) as fault:
            say(f"{system.name} is left out: {fault}", RED)
        else:
            found.append(Running(system, place))
    return found


class Run:
    """All that is measured in one run."""

    def __init__(self, running: Sequence[Running], upstream: Place, hurry: float) -> None:
        self._running, self._upstream, self._hurry = running, upstream, hurry
        self.samples: dict[tuple[str, str], list[Figures]] = {}

    def measure(self, asked: Sequence[Stage], rounds: int) -> None:
        """Run every stage against every system, in turn, as often as asked."""
        for number in range(rounds):
            for stage in asked:
                for system, place in self._running if number < stage.rounds else ():
                    if stage.flow in system.flows:
                        self._attempt(f"{number + 1}/{rounds}", stage, system, place)

    def _attempt(self, number: str, stage: Stage, system: System, place: Place) -> None:
        """One stage against one system; where a stream failed it is left out."""
        try:
            told = measure(stage, system, place, self._upstream, self._hurry)
        except (Failed, NotStarted) as fault:
            say(f"{number} {stage.name}, {system.name}: {fault}", RED)
            return
        if told:
            self.samples.setdefault((stage.name, system.name), []).append(told)
            words = " ".join(f"{name} {value:.4g}" for name, value in told.items())
            say(f"{number} {stage.name:<17} {system.name:<18} {words}")


def tell(
    chosen: argparse.Namespace, samples: dict[tuple[str, str], list[Figures]], shown: Sequence[str]
) -> None:
    """Print the tables, and write what is asked for."""
    found = medians(samples)
    parts = [table.markdown() if chosen.markdown else table.text() for table in tables(found, shown)]
    sys.stdout.write("\n\n".join([*parts, "\n".join(FOOT)]) + "\n")
    if chosen.json:
        raw = {f"{stage}: {system}": each for (stage, system), each in samples.items()}
        chosen.json.write_text(json.dumps(raw, indent=1) + "\n")
    whole = not (chosen.quick or chosen.stage or chosen.only)
    if place := chosen.svg or (PLOT if whole else None):
        place.write_text(plot(found, shown))
        say(f"drawn: {place}", GREEN)


def main() -> None:
    """Run the benchmark and print what it found."""
    chosen = parser().parse_args()
    allow_descriptors()
    if chosen.ahead:
        try:
            go_ahead()
        except PermissionError:
            say("only root may go before other programs: this run does not", RED)
    try:
        runs = choose(chosen.python)
        say(f"Python programs run by Python {runs.version}, {runs.path}")
        python()
    except NotInstalled as fault:
        say(f"there is no Python to measure with: {fault}", RED)
        sys.exit(1)
    if chosen.ledger:
        ledger.compare(chosen.rounds or ledger.ROUNDS)
        return
    if chosen.instructions:
        try:
            instructions.compare(instructions.trees(chosen.beside), chosen.stage)
        except (NotInstalled, NotStarted, Failed) as fault:
            say(str(fault), RED)
            sys.exit(1)
        return
    began = time.monotonic()
    systems = chosen_systems(chosen)
    rounds, hurry = (1, HURRY) if chosen.quick else (ROUNDS, 1.0)
    with ExitStack() as stack:
        upstream = stack.enter_context(open_upstream())
        running = open_all(stack, systems, upstream)
        run = Run(running, upstream, hurry)
        run.measure(stages(chosen.stage), chosen.rounds or rounds)
    say(f"measured in {time.monotonic() - began:.0f} s", GREEN)
    tell(chosen, run.samples, [one.system.name for one in running])


if __name__ == "__main__":
    main()
