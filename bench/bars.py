"""Figures as bars, in an SVG file that is readable on light and dark pages. No library draws it.

Each row has a scale of its own, from nothing to the most that any system came to; figures stand beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from goals import PRODUCT, Medians
from stages import STAGES, Group
from telling import number

WIDTH, NAMES, FIGURES = 980, 390, 90
BAR, LINE, HEAD, GAP = 11, 16, 40, 12
STYLE = """
text{font:12px system-ui,sans-serif;fill:#333} .title{font-weight:600;font-size:14px} .own{font-weight:600}
.other{fill:#9ab} .peekd{fill:#27a} .faint{fill:#777}
@media (prefers-color-scheme:dark){text{fill:#ddd} .other{fill:#567} .peekd{fill:#5be} .faint{fill:#999}}
"""


TITLE = "What peekd costs beside others: medians of one run, by ./dev bench"
SHOWN = {
    Group.CPU: ("cpu", "", "CPU of the system: less is better"),
    Group.FIRST: ("first50", "ms", "Time to the first piece of text, p50: less is better"),
    Group.DELAY: ("delay99", "ms", "Time of a piece on its way, p99: less is better"),
    Group.RATE: ("rate", "events/s", "Events a second, as many as it can: more is better"),
}


class Row(NamedTuple):
    """One figure of each system, with what it is."""

    name: str
    unit: str
    values: Sequence[tuple[str, float]]


def plot(figures: Medians, systems: Sequence[str]) -> str:
    """The chart of the groups that have one figure a system."""
    groups: list[tuple[str, list[Row]]] = []
    for group, (figure, unit, said) in SHOWN.items():
        rows = [
            Row(stage.title, unit or stage.unit, values)
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
            groups.append((said, rows))
    return draw(TITLE, groups, PRODUCT)


def draw(title: str, groups: Sequence[tuple[str, Sequence[Row]]], own: str) -> str:
    """Give the chart; `own` is the system that is to catch the eye."""
    said: list[str] = []
    top = HEAD
    for name, rows in groups:
        said.append(f'<text class="title" x="8" y="{top}">{escape(name)}</text>')
        top += GAP
        for row in rows:
            said += _row(row, top, own)
            top += LINE * len(row.values) + GAP
        top += 2 * GAP
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<text class="faint" x="8" y="16">{escape(title)}</text>',
        *said,
        "</svg>",
        "",
    ])


def _row(row: Row, top: float, own: str) -> list[str]:
    most = max(value for _, value in row.values) or 1.0
    said = [f'<text x="8" y="{top + BAR}">{escape(row.name)}, {escape(row.unit)}</text>']
    for place, (system, value) in enumerate(row.values):
        y, x = top + place * LINE, NAMES + 118
        length = max((WIDTH - NAMES - FIGURES - 120) * value / most, 1.0)
        kind = "peekd" if system == own else "other"
        weight = ' class="own"' if system == own else ""
        said += [
            f'<text{weight} x="{x - 8}" y="{y + BAR}" text-anchor="end">{escape(system)}</text>',
            f'<rect class="{kind}" x="{x}" y="{y + 2}" width="{length:.1f}" height="{BAR}"/>',
            f'<text{weight} x="{x + length + 6:.1f}" y="{y + BAR}">{number(value)}</text>',
        ]
    return said
