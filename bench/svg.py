"""A plot of figures over time as an SVG file, with marks where something was done. No library draws it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 900, 170
LEFT, TOP, GAP = 70, 40, 60
STYLE = (
    "text{font:12px sans-serif;fill:#333} .axis{stroke:#999} .mark{stroke:#c33;stroke-dasharray:3 3}"
    " .line{fill:none;stroke:#257;stroke-width:1.5} .what{fill:#c33;font-size:10px}"
)

Point = tuple[float, float]


class Panel(NamedTuple):
    """One figure: its name with the unit, and its points (seconds, value)."""

    name: str
    points: Sequence[Point]


def draw(title: str, panels: Sequence[Panel], marks: Sequence[tuple[float, str]]) -> str:
    """Give the plot. Panels stand under one another over the same time."""
    last = max((point[0] for panel in panels for point in panel.points), default=1.0) or 1.0
    height = TOP + len(panels) * (HEIGHT + GAP)
    said = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + LEFT + 30}" height="{height}">',
        f"<style>{STYLE}</style>",
        f'<text x="{LEFT}" y="18">{escape(title)}</text>',
    ]
    for number, panel in enumerate(panels):
        said += _panel(panel, TOP + number * (HEIGHT + GAP), last, marks, named=number == 0)
    return "\n".join([*said, "</svg>", ""])


def _panel(
    panel: Panel, top: float, last: float, marks: Sequence[tuple[float, str]], *, named: bool
) -> list[str]:
    most = max((value for _, value in panel.points), default=1.0) or 1.0
    floor = top + HEIGHT
    places = [(LEFT + WIDTH * at / last, floor - HEIGHT * value / most) for at, value in panel.points]
    said = [
        f'<text x="{LEFT}" y="{top - 4}">{escape(panel.name)}</text>',
        f'<text x="4" y="{top + 10}">{most:.0f}</text><text x="4" y="{floor}">0</text>',
        f'<text x="{LEFT + WIDTH - 40}" y="{floor + 16}">{last:.0f} s</text>',
        f'<path class="axis" d="M{LEFT} {top}V{floor}H{LEFT + WIDTH}" fill="none"/>',
    ]
    for at, what in marks:
        x = LEFT + WIDTH * at / last
        said.append(f'<path class="mark" d="M{x:.1f} {top}V{floor}"/>')
        if named:
            said.append(f'<text class="what" x="{x + 2:.1f}" y="{floor + 28}">{escape(what)}</text>')
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return [*said, f'<polyline class="line" points="{joined}"/>']
