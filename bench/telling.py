"""The tables that the benchmark prints: one a group of stages, and one of the goals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from goals import GOALS, PRODUCT, Medians
from stages import STAGES, Group, Stage

THIRD = 1 / 3
SATURATED = 0.9
ELSEWHERE = 0.1
FOOT = (
    "x r: times the bare relay's; x L: times LiteLLM's. load: what upstream + client cost themselves, asked "
    f"through {PRODUCT} where it is measured.",
    "~ upstream or client cost more than a third of the system: its CPU is its own, its times are partly "
    "theirs. ! their core was full: the system could have done more.",
    "? other programs took the system's core for a tenth of the time or more: times are not to be trusted.",
)


class Table(NamedTuple):
    """Rows under a head; the first column is words, the others are figures."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        """As it is printed."""
        lines = [self.head, *self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.head))]
        told = [
            "  ".join(
                cell.rjust(width) if place else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.title, told[0], "-" * len(told[0]), *told[1:]])

    def markdown(self) -> str:
        """As a page has it."""
        lines = [f"| {' | '.join(line)} |" for line in (self.head, ["---"] * len(self.head), *self.rows)]
        return "\n".join([f"### {self.title}", "", *lines])


def number(value: float) -> str:
    """Three figures that count, no more."""
    if abs(value) >= 100:  # noqa: PLR2004  three figures before the point
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"  # noqa: PLR2004  two before the point


def doubt(figures: dict[str, float]) -> str:
    """A mark where figures are not, or not only, the system's own."""
    if not figures.get("cpu"):
        return ""
    if figures["waited"] > ELSEWHERE:
        return "?"
    if figures["busy"] > SATURATED:
        return "!"
    load = max(figures.get("upstream", 0.0), figures.get("client", 0.0))
    return "~" if load > THIRD * figures.get("cpu", load) else ""


Cell = Callable[[Medians, Stage, str], str]


def tables(medians: Medians, systems: Sequence[str]) -> list[Table]:
    """One for each group that was measured; last, the goals."""
    found: list[Table] = []
    for group, (head, cell) in CELLS.items():
        stages = [
            stage
            for stage in STAGES
            if group in stage.groups and any((stage.name, system) in medians for system in systems)
        ]
        if stages:
            found.append(_table(group, head, cell, stages, medians, systems))
    return [*found, *_crowd(medians, systems), *_goals(medians)]


def _table(
    group: Group, head: str, cell: Cell, stages: Sequence[Stage], medians: Medians, systems: Sequence[str]
) -> Table:
    shown = [system for system in systems if system != "direct" or group in OF_DIRECT]
    cpu = group == Group.CPU
    rows = [
        [
            stage.title,
            *([stage.unit, _load(medians, stage)] if cpu else []),
            *(cell(medians, stage, system) if (stage.name, system) in medians else "-" for system in shown),
        ]
        for stage in stages
    ]
    return Table(f"{group}{head}", ["", *(["unit", "load"] if cpu else []), *shown], rows)


def _load(medians: Medians, stage: Stage) -> str:
    figures = medians.get((stage.name, PRODUCT)) or medians.get((stage.name, "direct"), {})
    return f"{number(figures.get('upstream', 0.0))} + {number(figures.get('client', 0.0))}"


def _cpu(medians: Medians, stage: Stage, system: str) -> str:
    figures = medians[stage.name, system]
    if "cpu" not in figures:
        return "-"
    beside = [
        f"{figures['cpu'] / other:.3g}x {letter}"
        for name, letter in (("relay", "r"), ("litellm", "L"))
        if name != system and (other := medians.get((stage.name, name), {}).get("cpu"))
    ]
    told = f" ({', '.join(beside)})" if beside else ""
    return f"{number(figures['cpu'])}{doubt(dict(figures))}{told}"


def _added(name: str) -> Cell:
    def cell(medians: Medians, stage: Stage, system: str) -> str:
        own, direct = medians[stage.name, system], medians.get((stage.name, "direct"), {})
        each = [own.get(f"{name}{share}") for share in (50, 99)]
        if None in each:
            return "-"
        less = [direct.get(f"{name}{share}", 0.0) if system != "direct" else 0.0 for share in (50, 99)]
        return " / ".join(
            number(max(value - other, 0.0))
            for value, other in zip(each, less, strict=True)
            if value is not None
        ) + doubt(dict(own)).strip("~")

    return cell


def _rate(medians: Medians, stage: Stage, system: str) -> str:
    figures = medians[stage.name, system]
    return f"{figures['rate']:,.0f}{doubt(dict(figures))}"


def _rest(medians: Medians, stage: Stage, system: str) -> str:
    figures = medians[stage.name, system]
    if stage.starts:
        return f"{figures['start']:.2f} s, {figures['idle']:.0f} MB" if figures else "-"
    return f"+{figures['grown']:.0f} MB"


CELLS: dict[Group, tuple[str, Cell]] = {
    Group.CPU: (" of the system, user and system, with all its children", _cpu),
    Group.FIRST: (", p50 / p99 in ms, one request at a time; direct: as it is", _added("first")),
    Group.DELAY: (", p50 / p99 in ms; direct: as it is", _added("delay")),
    Group.CUT: (", p50 / p99 in ms; direct: as it is", _added("cut")),
    Group.RATE: ("", _rate),
    Group.REST: (", resident", _rest),
}
OF_DIRECT = {Group.FIRST, Group.DELAY, Group.CUT, Group.RATE}
CROWD = (
    ("lost", "events lost", ""),
    ("first50", "first p50", "ms"),
    ("first99", "first p99", "ms"),
    ("grown", "memory grown by", "MB"),
    ("cpu", "CPU an event", "\N{MICRO SIGN}s"),
    ("streams", "streams", ""),
)


def _crowd(medians: Medians, systems: Sequence[str]) -> list[Table]:
    shown = [system for system in systems if ("crowd", system) in medians]
    rows = [
        [said, unit, *(number(medians["crowd", system].get(figure, 0.0)) for system in shown)]
        for figure, said, unit in CROWD
    ]
    return [Table(f"{Group.CROWD}, 1 event/s for 20 s", ["", "unit", *shown], rows)] if shown else []


def _goals(medians: Medians) -> list[Table]:
    rows = [
        [
            goal.words(),
            f"{number(value)} {goal.unit}".strip() if value is not None else "-",
            f"{goal.must:.3g}",
            f"{goal.aim:.2g}" if goal.aim is not None else "-",
            goal.verdict(value) if value is not None else "not measured",
        ]
        for goal in GOALS
        for value in [goal.reached(medians)]
    ]
    return [Table(f"{PRODUCT}'s goals", ["goal", "is", "must", "aim", ""], rows)]
