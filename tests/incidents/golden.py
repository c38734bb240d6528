"""Writes the goldens anew: PYTHONPATH=tests:tests/support python -m incidents.golden; read what differs."""

from __future__ import annotations

from pathlib import Path

import trio
import trio.testing

from incidents.stage import open_incident
from incidents.table import INCIDENTS, Incident
from incidents.telling import GOLDENS, explained, journal_of


async def tellings(incident: Incident) -> dict[Path, str]:
    """Play an incident; gives the files that tell of it."""
    async with open_incident(incident) as played:
        return {
            GOLDENS / f"{incident.name}.explain.txt": explained(played),
            GOLDENS / f"{incident.name}.journal.txt": journal_of(incident, played),
        }


async def save() -> None:
    """Write them all."""
    for incident in INCIDENTS:
        for path, text in (await tellings(incident)).items():
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    trio.run(save, clock=trio.testing.MockClock(autojump_threshold=0))
