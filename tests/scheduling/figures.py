"""What a day came to, in figures, and as the table of docs/accounts.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

import msgspec

from peekd.accounts.settings import Mode
from scheduling.day import Chooser, Day, Told, Turns
from scheduling.provider import HOUR, Provider

TURNS = "plain turns"
MODES: tuple[Mode, ...] = get_args(Mode)


class Figures(msgspec.Struct, frozen=True):
    """`success`: of a hundred requests. `wasted`: attempts that failed, for each hundred requests.

    `skew`: the Gini coefficient of answers over accounts, 0: all alike. `first_50`, `first_95`: seconds to
    the first word, waits and failed attempts within. `stays`: of a hundred turns those that were served where
    the one before was; `cached`: of a hundred answers those whose prompt the account still had.
    """

    requests: int
    success: float
    wasted: float
    skew: float
    first_50: float
    first_95: float
    stays: float
    cached: float


def compare(
    *, accounts: int = 50, hours: float = 24.0, requests: int = 20_000, seed: int = 1
) -> Mapping[str, Figures]:
    """Play the same day with each mode, and with plain turns."""
    return {
        name: played(name, accounts=accounts, hours=hours, requests=requests, seed=seed)
        for name in (TURNS, *MODES)
    }


def played(name: str, *, accounts: int, hours: float, requests: int, seed: int) -> Figures:
    """Play a day by this name."""
    provider = Provider(accounts, hours * HOUR, seed)
    mode = next((mode for mode in MODES if mode == name), None)
    chooser = Turns(provider) if mode is None else Chooser(provider, msgspec.convert(mode, Mode))
    day = Day(provider, chooser, requests=requests, seconds=hours * HOUR, seed=seed)
    day.play()
    return figures(day.told, [one.name for one in provider.vendors])


def figures(told: Sequence[Told], accounts: Sequence[str]) -> Figures:
    """Sum up."""
    served = [one for one in told if one.served]
    load = Counter(one.served for one in served)
    firsts = sorted(one.first for one in served)
    followed = [one for one in served if one.stayed is not None]
    return Figures(
        requests=len(told),
        success=100 * len(served) / len(told),
        wasted=100 * sum(one.failed for one in told) / len(told),
        skew=gini([load[name] for name in accounts]),
        first_50=firsts[len(firsts) // 2],
        first_95=firsts[len(firsts) * 95 // 100],
        stays=100 * sum(bool(one.stayed) for one in followed) / max(1, len(followed)),
        cached=100 * sum(one.cached for one in served) / max(1, len(served)),
    )


def gini(values: Sequence[float]) -> float:
    """Give the Gini coefficient.

    >>> gini([1, 1, 1, 1]), gini([0, 0, 0, 4])
    (0.0, 0.75)
    """
    total, count = sum(values), len(values)
    if not total:
        return 0.0
    weighed = sum(rank * value for rank, value in enumerate(sorted(values), 1))
    return 2 * weighed / (count * total) - (count + 1) / count


def table(compared: Mapping[str, Figures]) -> str:
    """Write the table."""
    columns = (
        *("", "answered, %", "wasted attempts per 100 requests", "skew (Gini)"),
        *("first word p50, s", "p95, s", "session stays, %", "prompt cached, %"),
    )
    head = f"| {' | '.join(columns)} |"
    rows = [
        f"| {name} | {one.success:.2f} | {one.wasted:.1f} | {one.skew:.2f} | {one.first_50:.1f} | "
        f"{one.first_95:.1f} | {one.stays:.0f} | {one.cached:.0f} |"
        for name, one in compared.items()
    ]
    return "\n".join([head, "|---|---|---|---|---|---|---|---|", *rows])
