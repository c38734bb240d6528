"""Measure peekd beside a bare relay and others, all in one run: `./dev bench --help`.

Upstream, client and each system are processes of their own; upstream and client share a core, what is
measured has the other. Every round asks all systems, stage by stage, so that whatever else the machine does
meets all; the median of the rounds is told. CPU is user and system time of the system and all its children.
What upstream and client cost is measured and told too: a figure for which they are too dear is marked.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from bars import Row, draw
from goals import PRODUCT, Medians
from ledger import measure_ledger
from measuring import Failed, Figures, measure
from peers import PEERS, NotInstalled
from processes import NotStarted, allow_descriptors
from stages import STAGES, Group, Stage
from systems import OWN, Place, System, open_upstream
from telling import FOOT, tables

PLOT = Path(__file__).parent.parent / "docs/performance.svg"
ROUNDS = 3
HURRY = 0.25
RED, GREEN, DIM, PLAIN = ("\033[31m", "\033[32m", "\033[2m", "\033[0m") if sys.stderr.isatty() else ("",) * 4
PLOTTED = {
    Group.CPU: "cpu",
    Group.FIRST: "first50",
    Group.DELAY: "delay99",
    Group.RATE: "rate",
}
UNITS = {"first50": "ms", "delay99": "ms", "rate": "events/s"}
EPILOG = """examples:
  ./dev bench --quick                       a minute, to see whether a change did something
  ./dev bench --all                         peekd beside nginx, LiteLLM and claude-code-router, all stages
  ./dev bench --stage paced --with litellm  one stage (its name, or the beginning of several)

Peers are fetched when asked for, at the versions that are pinned here, into ~/.cache/peekd-bench;
one that cannot be had is said and left out. A whole run also draws docs/performance.svg."""

Samples = dict[tuple[str, str], list[Figures]]


class Running(NamedTuple):
    """A system that is up."""

    system: System
    place: Place


def say(words: str, colour: str = DIM) -> None:
    """Tell how it goes, on stderr."""
    sys.stderr.write(f"{colour}bench: {words}{PLAIN}\n")


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


def measure_rounds(
    stages: Sequence[Stage], rounds: int, running: Sequence[Running], upstream: Place, hurry: float
) -> Samples:
    """Run every stage against every system, in turn, as often as asked."""
    samples: Samples = {}
    for number in range(rounds):
        for stage in stages:
            if number >= stage.rounds:
                continue
            for system, place in running:
                if stage.flow in system.flows:
                    told = attempt(stage, system, place, upstream, hurry)
                    samples.setdefault((stage.name, system.name), []).extend(told)
                    say_sample(f"{number + 1}/{rounds} {stage.name:<16} {system.name:<20}", told)
    return {key: each for key, each in samples.items() if each}


def attempt(stage: Stage, system: System, place: Place, upstream: Place, hurry: float) -> list[Figures]:
    """The figures of one stage against one system; none where a stream failed."""
    try:
        told = measure(stage, system, place, upstream, hurry)
    except (Failed, NotStarted) as fault:
        say(f"{stage.name}, {system.name}: {fault}", RED)
        return []
    return [told] if told else []


def say_sample(what: str, told: Sequence[Figures]) -> None:
    """A line for each thing measured, as it comes."""
    for figures in told:
        say(what + " ".join(f"{name} {value:.4g}" for name, value in figures.items()))


def medians(samples: Samples) -> Medians:
    """The median of each figure over the rounds."""
    return {
        key: {name: statistics.median(one[name] for one in each if name in one) for name in each[0]}
        for key, each in samples.items()
    }


def plot(figures: Medians, systems: Sequence[str], title: str) -> str:
    """The chart of the groups that have one figure a system."""
    groups: list[tuple[str, list[Row]]] = []
    for group, figure in PLOTTED.items():
        rows = [
            Row(stage.title, UNITS.get(figure, stage.unit), values)
            for stage in STAGES
            if group in stage.groups
            and (
                values := [
                    (system, figures[stage.name, system][figure])
                    for system in systems
                    if (system != "direct" or figure != "cpu")
                    and figure in figures.get((stage.name, system), {})
                ]
            )
        ]
        if rows:
            groups.append((group, rows))
    return draw(title, groups, PRODUCT)


# ---- the command --------------------------------------------------------------------------------------


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="./dev bench",
        description="Measure peekd, with all that it does switched on, beside a bare relay and others.",
        epilog=f"stages: {', '.join(stage.name for stage in STAGES)}\n\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--with", dest="peers", default="", metavar="NAME,…", help=f"also measure {', '.join(PEERS)}"
    )
    parser.add_argument("--all", action="store_true", help="measure all of them")
    parser.add_argument("--only", default="", metavar="NAME,…", help="measure these systems alone")
    parser.add_argument(
        "--stage",
        action="append",
        default=[],
        metavar="NAME",
        help="run these stages alone; may be given again",
    )
    parser.add_argument(
        "--rounds", type=int, default=0, help=f"how often each stage is run (default: {ROUNDS})"
    )
    parser.add_argument("--quick", action="store_true", help="one round, a quarter of the time")
    parser.add_argument("--markdown", action="store_true", help="print the tables as a page has them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every sample to this file")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also draw the figures into this file")
    parser.add_argument("--ledger", action="store_true", help="measure instead what the ledger costs")
    chosen = parser.parse_args(words)
    known = {system.name for system in OWN} | set(PEERS)
    for name in names(chosen.peers) | names(chosen.only):
        if name not in known:
            parser.error(f"no system is called {name!r}; there are {', '.join(sorted(known))}")
    for name in chosen.stage:
        if not any(stage.name.startswith(name) for stage in STAGES):
            parser.error(f"no stage is called {name!r}, nor begins so")
    return chosen


def names(words: str) -> set[str]:
    """What stands between the commas."""
    return {word for word in words.split(",") if word}


def chosen_stages(called: Sequence[str]) -> list[Stage]:
    """The stages so called; where none is, those whose names begin so. Without names, all."""
    exact = {stage.name for stage in STAGES}
    return [
        stage
        for stage in STAGES
        if not called
        or any(stage.name == name if name in exact else stage.name.startswith(name) for name in called)
    ]


def chosen_systems(chosen: argparse.Namespace) -> list[System]:
    """Own systems and peers, as asked for; a peer that cannot be had is said and left out."""
    only = names(chosen.only)
    wanted = set(PEERS) if chosen.all else names(chosen.peers) | only
    found = [system for system in OWN if not only or system.name in only]
    for name, (get, system) in PEERS.items():
        if name in wanted and (not only or name in only):
            say(f"having {name}")
            try:
                get()
            except NotInstalled as fault:
                say(f"{name} is left out, for it cannot be had: {fault}", RED)
            else:
                found.append(system)
    return found


def tell(chosen: argparse.Namespace, samples: Samples, systems: Sequence[str]) -> None:
    """Print the tables, and write what is asked for."""
    found = medians(samples)
    told = tables(found, systems)
    parts = [table.markdown() if chosen.markdown else table.text() for table in told]
    sys.stdout.write("\n\n".join([*parts, *FOOT]) + "\n")
    if chosen.json:
        raw = {f"{stage}: {system}": each for (stage, system), each in samples.items()}
        chosen.json.write_text(json.dumps(raw, indent=1) + "\n")
    whole = not (chosen.quick or chosen.stage or chosen.only)
    if place := chosen.svg or (PLOT if whole else None):
        place.write_text(
            plot(found, systems, "What peekd costs beside others; medians of one run, less is better")
        )
        say(f"drawn: {place}", GREEN)


def main() -> None:
    """Run the benchmark and print what it found."""
    chosen = parse()
    allow_descriptors()
    if chosen.ledger:
        measure_ledger(chosen.rounds or 5)
        return
    began = time.monotonic()
    systems = chosen_systems(chosen)
    rounds, hurry = (1, HURRY) if chosen.quick else (ROUNDS, 1.0)
    with ExitStack() as stack:
        upstream = stack.enter_context(open_upstream())
        running = open_all(stack, systems, upstream)
        samples = measure_rounds(
            chosen_stages(chosen.stage), chosen.rounds or rounds, running, upstream, hurry
        )
    say(f"measured in {time.monotonic() - began:.0f} s")
    tell(chosen, samples, [one.system.name for one in running])


if __name__ == "__main__":
    main()
