"""docs/security.md names tests that are there, and the dependencies that there are, with their licences."""

from __future__ import annotations

import re
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def page(tree: Path) -> str:
    """The page."""
    return (tree / "docs/security.md").read_text()


def rows(page: str) -> dict[str, str]:
    """Give the licence of each dependency that the page lists."""
    table = page.partition("## Dependencies")[2]
    return dict(re.findall(r"^\| `([\w-]+)` \| ([^|]+?) \|", table, re.MULTILINE))


def licence_of(package: str) -> str:
    """Give what a package says of itself; an old one says it in a classifier alone."""
    told = metadata(package)
    given = [*(told.get_all("License-Expression") or []), *(told.get_all("License") or [])]
    said = given[0] if given else "UNKNOWN"
    classes = [line for line in told.get_all("Classifier") or [] if line.startswith("License ::")]
    return classes[0].rpartition(" :: ")[2].removesuffix(" License") if said == "UNKNOWN" else said


def test_the_dependencies_are_those_of_the_project(page: str, project: dict[str, Any]) -> None:
    named = [re.split(r"[<>=~! ]", one)[0] for one in project["project"]["dependencies"]]
    assert list(rows(page)) == named


def test_their_licences_are_what_they_say(page: str) -> None:
    listed = rows(page)
    assert {package: licence_of(package) for package in listed} == listed


def test_every_package_is_pinned_with_a_hash(tree: Path) -> None:
    pinned = (tree / "requirements/run.txt").read_text()
    names = re.findall(r"^([\w.-]+)==\S+ (?:; .+ )?\\\n    --hash=sha256:[0-9a-f]{64}", pinned, re.MULTILINE)
    assert len(names) == len(re.findall(r"^[\w.-]+==", pinned, re.MULTILINE)) > 10


def test_every_test_it_leans_on_is_there(page: str, tree: Path) -> None:
    cited = re.findall(r"`(tests/[\w/.]+)`", page)
    assert len(cited) > 20
    assert [path for path in cited if not (tree / path).is_file()] == []
