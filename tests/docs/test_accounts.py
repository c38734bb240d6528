"""docs/accounts.md says what the tables of the accounts say."""

from __future__ import annotations

from pathlib import Path

from peekd.accounts import storms
from peekd.accounts.cooldown import COOLDOWNS
from peekd.accounts.parties import PARTIES

TIMES, DASH = "\u00d7", "\u2013"


def test_every_failure_stands_there_with_its_party_and_its_rest(tree: Path) -> None:
    rows = {
        cells[1].strip(" `"): [cell.strip() for cell in cells[2:5]]
        for line in (tree / "docs/accounts.md").read_text().splitlines()
        if line.startswith("| `") and len(cells := line.split("|")) == 7
    }
    told = {
        name: [
            party.replace("_", f" {TIMES} "),
            DASH if name not in COOLDOWNS else "hard" if COOLDOWNS[name].hard else "soft",
            ", ".join(f"{step:g}" for step in COOLDOWNS[name].ladder) if name in COOLDOWNS else DASH,
        ]
        for name, party in PARTIES.items()
    }
    assert rows == told


def test_a_storm_is_told_in_its_figures(tree: Path) -> None:
    page = " ".join((tree / "docs/accounts.md").read_text().split())
    first, *later, last = (f"{seconds:g}" for seconds in storms.LADDER)
    assert f"For {first} seconds nobody there is asked" in page
    assert f"prolongs it to {', '.join(later)} and then {last} seconds" in page
    assert (storms.MANY, storms.WINDOW) == (3, 10.0)
