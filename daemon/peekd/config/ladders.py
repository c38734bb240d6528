"""Check the rows of the policy table that an operator sets: names, moves, and their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from peekd.config.faults import SettingsFault, nearest, shown
from peekd.config.places import Path
from peekd.config.schema import Settings
from peekd.healing.policy import ACCOUNT_RUNGS, FIXED_ROWS, POLICY, REPEAT
from peekd.healing.settings import RuleSettings

_RETRY = ("again", "rotate")

_MOVES: Mapping[str, tuple[str, ...]] = {
    "unauthorized": ("again", "refresh", "rotate"),
    "forbidden": ("again", "refresh", "rotate"),
    "signature": ("repair", *_RETRY),
    "blank": (*_RETRY, "relay"),
    "broken": ("relay", "resume"),
    "stalled": ("relay", "resume"),
}
"""The moves that make sense for an outcome, where they are not just a retry.

`relay` of anything but a blank answer would pass a failure off as success; of one that broke off in front of
its client it is an end at a tool call, which only a route's option allows.
"""


def ladder_faults(settings: Settings) -> Iterator[SettingsFault]:
    """Give the faults of every policy row: those of [healing], of the upstreams, and of the routes."""
    yield from _rows(("healing", "policy"), settings.healing.policy)
    for name, upstream in settings.upstreams.items():
        yield from _rows(("upstreams", name, "healing", "policy"), upstream.healing.policy)
    for at, route in enumerate(settings.routes):
        yield from _rows(("routes", at, "healing", "policy"), route.healing.policy)


def _rows(path: Path, rows: Mapping[str, RuleSettings]) -> Iterator[SettingsFault]:
    free = [name for name in POLICY if name not in FIXED_ROWS]
    for name, row in rows.items():
        here = (*path, name)
        if name in FIXED_ROWS:
            yield SettingsFault(here, "an outcome that leaves a choice", f'"{name}", which leaves none')
        elif name not in POLICY:
            yield SettingsFault(here, "the name of an outcome", "an unknown one", nearest(name, free))
        elif row.ladder is not None:
            yield from _ladder((*here, "ladder"), row.ladder, _MOVES.get(name, _RETRY))


def _ladder(path: Path, ladder: tuple[str, ...], moves: tuple[str, ...]) -> Iterator[SettingsFault]:
    repeats = ladder[-1:] in {(REPEAT,), ("...",)}
    rungs = ladder[:-1] if repeats else ladder
    known = f"one of the moves here: {', '.join(moves) or 'none'}"
    for at, rung in enumerate(rungs):
        if rung in {REPEAT, "..."}:
            yield SettingsFault((*path, at), f'"{REPEAT}" at the end of the ladder only')
        elif rung not in moves:
            yield SettingsFault((*path, at), known, shown(rung), nearest(rung, moves))
    if repeats and not rungs:
        yield SettingsFault(path, f'a move before "{REPEAT}"', "nothing to repeat")
    ranks = [rung not in ACCOUNT_RUNGS for rung in rungs]
    if ranks != sorted(ranks):
        yield SettingsFault(path, f"{' and '.join(ACCOUNT_RUNGS)} before all other moves")
