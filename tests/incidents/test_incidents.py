"""From each telling, whoever knows no code can name the cause, what peekd did, and whether to act."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from trio.testing import MockClock as Clock

from incidents.golden import tellings
from incidents.stage import FAULT, Played, open_incident
from incidents.table import INCIDENTS, Incident
from incidents.telling import GOLDENS, explained, found_by, journal_of, paged, pages_around, query_for
from peekd.records.advice import A_PERSONS

TELLINGS: dict[str, Callable[[Incident, Played], str]] = {
    "explain": lambda _, played: explained(played),
    "journal": journal_of,
    "monitor": lambda _, played: paged(played),
}
"""A further telling of every incident is a row here."""

KEPT = ("explain", "journal")
"""Those that a person has read over, and that are kept as they were read."""

EACH = pytest.mark.parametrize("incident", INCIDENTS, ids=[incident.name for incident in INCIDENTS])


def joined(text: str) -> str:
    """Undo the wrapping of lines."""
    return " ".join(text.split())


@EACH
async def test_it_is_told_as_it_was_reviewed(incident: Incident, autojump_clock: Clock) -> None:
    told = await tellings(incident)
    assert {path.name: text for path, text in told.items()} == {path.name: path.read_text() for path in told}


@pytest.mark.parametrize("telling", TELLINGS)
@EACH
async def test_every_telling_holds_cause_action_and_advice(
    incident: Incident, telling: str, autojump_clock: Clock
) -> None:
    async with open_incident(incident) as played:
        text = joined(TELLINGS[telling](incident, played))
    assert [word for word in (*incident.cause, incident.advice) if word not in text] == []
    assert [
        move for move in incident.action if f"{move}: " not in text and f"{move} after " not in text
    ] == []


@EACH
async def test_the_query_by_outcome_leads_to_the_request(incident: Incident, autojump_clock: Clock) -> None:
    async with open_incident(incident) as played:
        for cause in incident.cause:
            if cause != "blank_accepted":
                found = found_by(query_for(f"PEEKD_OUTCOME={cause}"), played.entries)
                assert played.record.id in {entry.request for entry in found}
        if incident.phrase:
            assert any(
                "What you can do" in entry.message
                for entry in found_by(query_for(f"-g '{incident.phrase}'"), played.entries)
            )
        played.house.assert_nothing_left()


@EACH
async def test_whether_to_act_is_said(incident: Incident, autojump_clock: Clock) -> None:
    async with open_incident(incident) as played:
        _, _, words = joined(explained(played)).rpartition("What you can do ")
        bound_to_come_again = any(one.outcome in A_PERSONS for one in played.record.attempts)
    assert words
    assert incident.acts == (not words.startswith("nothing") or bound_to_come_again)


@EACH
async def test_every_page_of_the_monitor_says_whether_the_settings_were_refused(
    incident: Incident, autojump_clock: Clock
) -> None:
    async with open_incident(incident) as played:
        pages = await pages_around(played)
    refused = incident.way == "bad_settings"
    banner = "A change of the settings has a fault and is not taken over; the old ones stay in force."
    assert {name: banner in page for name, page in pages.items()} == dict.fromkeys(pages, refused)
    assert refused == (f"Not taken over, for a fault: {FAULT}" in pages["settings"])
    assert refused == ("What you can do: mend /etc/peekd/peekd.toml" in pages["settings"])
    assert played.record.id in pages["request"]
    assert [word for word in incident.cause if word not in pages["request"]] == []


def test_goldens_are_of_incidents_that_there_are() -> None:
    assert len({incident.name for incident in INCIDENTS}) == len(INCIDENTS) >= 20
    names = {f"{incident.name}.{telling}.txt" for incident in INCIDENTS for telling in KEPT}
    assert {path.name for path in Path(GOLDENS).iterdir()} == names
