"""The tables that the benchmark prints: one a group of stages, and one of the goals."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from goals import GOALS, PRODUCT, Goal, Medians
from measuring import Figures
from stages import STAGES, Group, Stage

THIRD = 1 / 3
FULL = 0.9
ELSEWHERE = 0.1
PACE = 0.95
FOOT = (
    f"load: what upstream + client cost themselves, when {PRODUCT} is asked. /relay: {PRODUCT}'s figure as a "
    "multiple of the relay's.",
    "Marks: < the system did not keep up with what the upstream sent. "
    "? other programs took a tenth of its core or more: times tell little.",
    "! upstream and client had their core full: the system could have done more. "
    "~ one of them cost more than a third of the system.",
)

Samples = Mapping[tuple[str, str], Sequence[Figures]]
"""What each round gave, by stage and system."""


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
        return "\n".join([self.title, told[0], "-" * (sum(widths) + 2 * len(widths) - 2), *told[1:]])

    def markdown(self) -> str:
        """As a page has it."""
        lines = [f"| {' | '.join(line)} |" for line in (self.head, ["---"] * len(self.head), *self.rows)]
        return "\n".join([f"### {self.title}", "", *lines])


def medians(samples: Samples) -> Medians:
    """The median of each figure over the rounds; over those that nothing disturbed, where there are any."""
    return {
        key: _median([one for one in each if not disturbed(one)] or each) for key, each in samples.items()
    }


def _median(each: Sequence[Figures]) -> Figures:
    return {name: statistics.median(one[name] for one in each if name in one) for name in each[0]}


def disturbed(figures: Mapping[str, float]) -> bool:
    """Whether other programs took much of the system's core."""
    return bool(figures.get("cpu")) and figures["others"] > ELSEWHERE


def number(value: float) -> str:
    """Three figures that count, no more; a whole number as it is."""
    places = next((place for place, least in ((0, 100), (1, 10), (2, 1)) if abs(value) >= least), 3)
    return f"{value:,.{0 if value == round(value) else places}f}"


def doubt(figures: Mapping[str, float], stage: Stage) -> str:
    """A mark where figures are not, or not only, the system's own; FOOT says what each means."""
    cpu = figures.get("cpu")
    if not cpu:
        return ""
    if stage.rate and figures["rate"] < PACE * stage.rate * figures["streams"] and stage.seconds:
        return "<"
    if disturbed(figures):
        return "?"
    if figures["busy"] > FULL:
        return "!"
    return "~" if max(figures["upstream"], figures["client"]) > THIRD * cpu else ""


# ---- cells --------------------------------------------------------------------------------------------

Cell = Callable[[Medians, Stage, str], str]


def _cpu(medians: Medians, stage: Stage, system: str) -> str:
    figures = medians[stage.name, system]
    return f"{number(figures['cpu'])}{doubt(figures, stage)}" if "cpu" in figures else "-"


def _added(name: str) -> Cell:
    """Half and 99 of a hundred, less the direct way's."""

    def cell(medians: Medians, stage: Stage, system: str) -> str:
        own = medians[stage.name, system]
        less: Mapping[str, float] = {} if system == "direct" else medians.get((stage.name, "direct"), {})
        names = [f"{name}{share}" for share in (50, 99)]
        if any(one not in own for one in names):
            return "-"
        mark = doubt(own, stage).strip("~")
        return " / ".join(number(max(own[one] - less.get(one, 0.0), 0.0)) for one in names) + mark

    return cell


def _cut(medians: Medians, stage: Stage, system: str) -> str:
    figures = medians[stage.name, system]
    return f"{number(max(figures['cut50'], 0.0))} / {number(figures['cut99'])}"


def _rate(medians: Medians, stage: Stage, system: str) -> str:
    figures = medians[stage.name, system]
    return f"{figures['rate']:,.0f}{doubt(figures, stage)}"


def _rest(medians: Medians, stage: Stage, system: str) -> str:
    figures = medians[stage.name, system]
    if stage.starts:
        return f"{figures['start']:.2f} s, {figures['idle']:.0f} MB"
    return f"+{figures['grown']:.0f} MB"


class Kind(NamedTuple):
    """How the table of a group is made."""

    more: str
    """What else its title says."""
    cell: Cell
    direct: bool
    """Whether the direct way is shown, too."""
    ratio: str = ""
    """The figure that is also told as a multiple of the others'."""


KINDS: dict[Group, Kind] = {
    Group.CPU: Kind(
        " of the system, user and system, with all its children", _cpu, direct=False, ratio="cpu"
    ),
    Group.FIRST: Kind(
        ", p50 / p99 in ms, one request at a time; direct: as it is", _added("first"), direct=True
    ),
    Group.DELAY: Kind(", p50 / p99 in ms; direct: as it is", _added("delay"), direct=True),
    Group.CUT: Kind(", p50 / p99 in ms", _cut, direct=True),
    Group.RATE: Kind("", _rate, direct=True, ratio="rate"),
    Group.REST: Kind(", resident", _rest, direct=False),
}


# ---- tables -------------------------------------------------------------------------------------------


def tables(medians: Medians, systems: Sequence[str]) -> list[Table]:
    """One for each group that was measured; last, the goals."""
    found: list[Table] = []
    for group, kind in KINDS.items():
        stages = [
            stage
            for stage in STAGES
            if group in stage.groups and any((stage.name, system) in medians for system in systems)
        ]
        if stages:
            found.append(_table(f"{group}{kind.more}", kind, stages, medians, systems))
    return [*found, *_crowd(medians, systems), *_goals(medians)]


def _table(
    title: str, kind: Kind, stages: Sequence[Stage], medians: Medians, systems: Sequence[str]
) -> Table:
    shown = [system for system in systems if system != "direct" or kind.direct]
    compared = [name for name in shown if kind.ratio and name not in {PRODUCT, "direct"}]
    cpu = kind.ratio == "cpu"
    head = ["", *(["unit", "load"] if cpu else []), *shown, *(f"/{name}" for name in compared)]
    rows = [
        [
            stage.title,
            *([stage.unit, _load(medians, stage)] if cpu else []),
            *(kind.cell(medians, stage, one) if (stage.name, one) in medians else "-" for one in shown),
            *(_ratio(medians, stage, kind.ratio, one) for one in compared),
        ]
        for stage in stages
    ]
    return Table(title, head, rows)


def _load(medians: Medians, stage: Stage) -> str:
    figures = medians.get((stage.name, PRODUCT)) or medians.get((stage.name, "direct"), {})
    return f"{number(figures.get('upstream', 0.0))} + {number(figures.get('client', 0.0))}"


def _ratio(medians: Medians, stage: Stage, figure: str, other: str) -> str:
    own, theirs = (medians.get((stage.name, name), {}).get(figure) for name in (PRODUCT, other))
    return f"{number(own / theirs)}x" if own and theirs else "-"


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
    return [Table(f"{Group.CROWD}, 1 event a second", ["", "unit", *shown], rows)] if shown else []


def _doubts(medians: Medians, goal: Goal) -> str:
    shaken = any(disturbed(medians.get(key, {})) for key in goal.stages())
    return ", but disturbed: measure again" if shaken else ""


def _goals(medians: Medians) -> list[Table]:
    """Those that can be told; the others need a system or a stage that was not measured."""
    rows = [
        [
            goal.words(),
            f"{number(value)} {goal.unit}".strip(),
            number(goal.must),
            number(goal.aim) if goal.aim is not None else "-",
            goal.verdict(value) + _doubts(medians, goal),
        ]
        for goal in GOALS
        if (value := goal.reached(medians)) is not None
    ]
    more = f" ({len(GOALS) - len(rows)} of {len(GOALS)} need what was not measured)" * (
        len(rows) < len(GOALS)
    )
    return [Table(f"{PRODUCT}'s goals{more}", ["goal", "is", "must", "aim", ""], rows)] if rows else []
