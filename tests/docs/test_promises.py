"""docs/promises.md names what the code has, and what code and tests cite is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from peekd.records.entries import Entry, Phase
from peekd.records.narrate import AUTO_CONVERTED, PHRASES, SIGNATURE, of_pause, skipped_heartbeat
from peekd.serving.routes import ROUTES
from peekd.vocabulary.decisions import Decision, Move, Step
from peekd.vocabulary.outcomes import AnyOutcome, Silent, name_of

OUTCOMES = [name_of(outcome) for outcome in get_args(AnyOutcome)]
CITATION = re.compile(r'docs/promises\.md(?:,|\s+under)\s+"([^"]+)"')


def section(text: str, heading: str) -> str:
    """Give what stands between a second-level heading and the next."""
    _, _, rest = text.partition(f"\n## {heading}\n")
    return rest.partition("\n## ")[0]


def first_column(text: str) -> list[str]:
    """Give the backquoted first cell of each row of a table."""
    return re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE)


def test_every_outcome_stands_in_the_table_of_outcomes_and_no_other(promises: str) -> None:
    assert first_column(section(promises, "Outcomes")) == OUTCOMES


def test_every_move_stands_in_the_table_of_moves_and_no_other(promises: str) -> None:
    assert first_column(section(promises, "Moves")) == list(get_args(Move))


def test_every_field_of_an_entry_and_every_phase_stands_under_journal(promises: str) -> None:
    journal = section(promises, "Journal")
    fields = {
        name.upper() if name in {"message", "priority"} else f"PEEKD_{name.upper()}"
        for name in Entry.__struct_fields__
    }
    named = set(re.findall(r"`((?:PEEKD_)?[A-Z_]+)`", journal))
    assert named == fields
    phases = re.search(r"`PEEKD_PHASE` is one of (.+)\.", journal)
    assert phases is not None
    assert re.findall(r"`(\w+)`", phases[1]) == list(get_args(Phase))


@pytest.mark.parametrize("room", ["healing", "serving"])
def test_every_deadline_that_is_promised_is_a_setting(promises: str, room: str) -> None:
    module = __import__(f"peekd.{room}.settings", fromlist=["settings"])
    settings = module.HealingSettings if room == "healing" else module.ServerSettings
    promised = set(first_column(section(promises, "No hang")))
    declared = {field.name for field in msgspec.structs.fields(settings) if field.name.endswith("_seconds")}
    cadence = {"early_commit_seconds", "ping_seconds", "refresh_seconds"}  # rhythms, and what is yet to come
    assert declared - cadence <= promised


def test_every_path_that_is_served_is_promised(promises: str) -> None:
    paths = set(re.findall(r"`(/[^`]*)`", section(promises, "Paths")))
    assert {re.sub(r"<(?:path:)?(\w+)>", r"{\1}", route.path) for route in ROUTES} <= paths


def test_every_phrase_of_the_journal_begins_as_promised(promises: str) -> None:
    promised = re.findall(r"`([^`…]+)…?[^`]*`", section(promises, "Journal"))
    paused = [
        of_pause(Step(Silent(), Decision("again", "so", after=1.0, pace=pace)))
        for pace in ("fixed", "linear", "exponential")
    ]
    ends = [phrase(Silent(message="5s"), "retrying...") for phrase in PHRASES.values()]
    for said in (SIGNATURE, AUTO_CONVERTED, skipped_heartbeat(b": ping"), *paused, *ends):
        assert any(len(words) > 15 and said.startswith(words) for words in promised), said


def test_what_code_and_tests_cite_is_a_heading(files: tuple[Path, ...], promises: str) -> None:
    headings = set(re.findall(r"^## (.+)$", promises, re.MULTILINE))
    sources = [path for path in files if path.suffix == ".py" and path.name != "test_promises.py"]
    cited = {(path.name, name) for path in sources for name in CITATION.findall(path.read_text())}
    assert cited, "nothing cites the promises any more"
    assert {(where, name) for where, name in cited if name not in headings} == set()
