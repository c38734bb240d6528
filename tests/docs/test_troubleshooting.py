"""docs/troubleshooting.md has one section for each outcome, true to the policy, with queries that find it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from peekd.healing.policy import POLICY, REPEAT
from peekd.monitor.search import read_search
from peekd.serving.exposition import METRICS
from peekd.vocabulary.outcomes import AnyOutcome, name_of

OUTCOMES = [name_of(outcome) for outcome in get_args(AnyOutcome)]
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
def test_its_queries_ask_for_it_and_for_what_there_is(outcome: str, sections: dict[str, str]) -> None:
    block = sections[outcome].partition("```console\n")[2].partition("```")[0].splitlines()
    assert f"journalctl -u peekd PEEKD_OUTCOME={outcome}" in block
    assert f"curl -s localhost:8045/metrics | grep 'outcome=\"{outcome}\"'" in block
    assert f"# in a browser: http://localhost:8045/monitor?outcome={outcome}" in block
    assert read_search({"outcome": outcome}).query(0.0).outcome == outcome
    assert any(line.startswith("peekd requests") for line in block)
    assert any("outcome" in metric.labels for metric in METRICS)
