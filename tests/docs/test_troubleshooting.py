"""docs/troubleshooting.md has one section for each outcome, true to the policy, with queries that find it."""

from __future__ import annotations

import re
import shlex
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import cast, get_args
from urllib.parse import parse_qsl, urlsplit

import pytest
from requests_told import CAME, request, rows_of

from peekd.accounts.wanted import Lease
from peekd.cli.main import main, make_parser
from peekd.healing.policy import POLICY, REPEAT
from peekd.monitor.search import read_search
from peekd.records.entries import Entry, RequestRecord
from peekd.records.ledger import fits
from peekd.records.live import Live
from peekd.records.tally import Tally
from peekd.relay.scribe import Scribe
from peekd.service.applog import NAME
from peekd.service.lines import encode_fields, encode_json_entry
from peekd.service.logs import PRIORITIES
from peekd.serving.exposition import Exposition, House
from peekd.signatures.settings import SignatureSettings
from peekd.store.database import Database
from peekd.vocabulary.decisions import Decision, Step
from peekd.vocabulary.outcomes import AnyOutcome, name_of

OUTCOMES = [name_of(outcome) for outcome in get_args(AnyOutcome)]
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^### `([a-z_]+)`\n(.*?)(?=^##)", re.MULTILINE | re.DOTALL)


@pytest.fixture
def sections(tree: Path) -> dict[str, str]:
    """The text of each outcome's section, by its name, in the order of the page."""
    return dict(SECTION.findall((tree / "docs/troubleshooting.md").read_text()))


def test_every_outcome_has_a_section_and_every_section_an_outcome(sections: dict[str, str]) -> None:
    assert list(sections) == OUTCOMES


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_it_tells_meaning_deed_and_cure(outcome: str, sections: dict[str, str]) -> None:
    for part in ("- **Means**: ", "- **peekd does** (", "- **You do**: "):
        _, found, rest = sections[outcome].partition(part)
        assert found
        assert len(rest) > 5


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_its_ladder_is_the_policys(outcome: str, sections: dict[str, str]) -> None:
    told = re.search(r"\*\*peekd does\*\* \(([^)]*)\)", sections[outcome])
    assert told is not None
    rule = POLICY[outcome]
    assert re.findall(r"`([^`]+)`", told[1]) == [*rule.ladder, *((REPEAT,) if rule.repeat else ())]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_its_queries_ask_for_it_and_no_other(outcome: str, sections: dict[str, str]) -> None:
    assert block(sections[outcome]) == [
        f"journalctl -u peekd PEEKD_OUTCOME={outcome}",
        f"peekd requests --outcome {outcome}",
        f"curl -s localhost:8045/metrics | grep 'outcome=\"{outcome}\"'",
        f"# in a browser: http://localhost:8045/monitor?outcome={outcome}",
    ]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_its_queries_find_it(
    outcome: str, sections: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal, command, metrics, page = block(sections[outcome])
    kind = next(one for one in get_args(AnyOutcome) if name_of(one) == outcome)
    record, entries, tally = came_to(kind())
    assert {entry.request for entry in entries if is_found(journal, entry)} == {record.id}
    assert re.search(shlex.split(metrics)[-1], exposed(tally))
    search = read_search(dict(parse_qsl(urlsplit(page.split()[-1]).query)))
    assert fits(record, search.query(0.0))
    ledger = tmp_path / "peekd.db"
    with closing(Database(ledger, SignatureSettings())) as database:
        database.apply([*rows_of(record), *rows_of(request("req_another"))])
    assert main([*shlex.split(command)[1:], "--ledger", str(ledger)]) == 0
    shown = capsys.readouterr().out
    assert "sought" in shown
    assert ("nother" in shown) == (outcome == "completed")


def test_every_command_on_the_page_is_one_that_there_is(tree: Path) -> None:
    page = (tree / "docs/troubleshooting.md").read_text()
    lines = [line for found in CONSOLE.findall(page) for line in found.splitlines()]
    assert len(lines) > len(OUTCOMES)
    for line in lines:
        words = shlex.split(line, comments=True)
        match words[:1]:
            case ["peekd"]:
                assert make_parser(words[1]).parse_args(words[1:])
            case ["journalctl"]:
                is_found(line, Entry("", request="req_1"))
            case ["grep"]:
                assert words[1].startswith('"PEEKD_REQUEST":"req_')
                said = encode_json_entry(Entry("", request=words[1].split('"')[3]), 0, 0.0).decode()
                assert words[1] in said
                assert words[2].endswith(f"/{NAME}")
            case ["curl"]:
                assert words[2] == "localhost:8045/metrics"
            case _:
                assert line.startswith("# in a browser: http://localhost:8045/monitor?")


def test_every_phrase_that_is_promised_is_explained(tree: Path) -> None:
    promised = (tree / "docs/promises.md").read_text().partition("These phrases of `MESSAGE`")[2]
    page = (tree / "docs/troubleshooting.md").read_text()
    table = page.partition("| phrase in the journal |")[2].partition("\n\n")[0]
    phrases: list[str] = re.findall(r"^\| (`.*?) \|", promised, re.MULTILINE)
    assert len(phrases) > 8
    assert [cell for cell in phrases if f"| {cell} |" not in table] == []


def block(section: str) -> list[str]:
    """The lines of a section's queries."""
    return CONSOLE.findall(section)[0].splitlines()


def came_to(outcome: AnyOutcome) -> tuple[RequestRecord, list[Entry], Tally]:
    """A request of which one attempt came to this, what the journal says of it, and what is counted."""
    live, tally, entries = Live(), Tally(), list[Entry]()
    live.on_step.append(tally.stepped)
    live.on_close.append(tally.closed)
    record = RequestRecord("req_sought", CAME, "POST", "/v1/messages", "anthropic", model="m")
    scribe = Scribe(record, live, entries.append, lambda: 1.0)
    scribe.leased(Lease(1, "alice", "up", "m", None, 1.0, "first in line"))
    scribe.stepped(Step(outcome, Decision("give_up", "because"), "alice", "up", 1))
    scribe.close(name_of(outcome), status=None)
    return record, entries, tally


def is_found(command: str, entry: Entry) -> bool:
    """Whether a journalctl command finds an entry: fields of ours alone, a phrase, a priority."""
    words = iter(shlex.split(command, comments=True)[1:])
    fields = encode_fields(entry)
    found = True
    for word in words:
        match word:
            case "-u":
                assert next(words) == "peekd"
            case "-g":
                found &= re.search(next(words), entry.message) is not None
            case "-p":
                found &= entry.priority <= PRIORITIES[next(words)]
            case _:
                name, _, value = word.partition("=")
                assert name.removeprefix("PEEKD_").lower() in Entry.__struct_fields__
                found &= fields.get(name) == value
    return found


def exposed(tally: Tally) -> str:
    """The page of metrics of a house that has counted this."""
    house = SimpleNamespace(
        tally=tally, live=Live(), ready=lambda: True, account_states=tuple, signatures=lambda: (0, 0)
    )
    return Exposition(cast("House", house), "1").page("").body.decode()
