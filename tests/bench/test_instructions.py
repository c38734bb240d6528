"""Counting instructions: which loads, and by what they are divided."""

from __future__ import annotations

from pathlib import Path

import pytest
from having import NotInstalled
from instructions import LOADS, called, told, tool, trees
from stages import STAGES
from systems import TREE


def names(*words: str) -> list[str]:
    return [load.name for load in called(words)]


def test_loads_are_called_as_stages_are() -> None:
    assert names() == [load.name for load in LOADS]
    assert names("burst") == ["burst"]
    assert names("burst-", "request") == ["request", "burst-gemini", "burst-chat"]
    assert {load.name for load in LOADS} <= {stage.name for stage in STAGES}


def test_what_cannot_be_counted_is_told_with_what_can() -> None:
    with pytest.raises(NotInstalled, match="none can be counted: burst, burst-chat"):
        names("crowd")


def test_requests_are_counted_by_the_piece_and_long_answers_by_their_events() -> None:
    request, burst = called(["request"])[0], called(["burst"])[0]
    assert told(Path("/a/tree"), request, 400_000_000).split()[:3] == ["tree", "request", "2000.00"]
    assert told(Path("/a/tree"), burst, 120_000_000).split() == [
        *("tree", "burst", "10.00", "thousand", "instructions/event"),
    ]


def test_without_valgrind_it_is_said_how_to_have_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotInstalled, match="apt-get install valgrind"):
        tool()


def test_two_trees_are_counted_where_another_is_named(tmp_path: Path) -> None:
    assert trees(None) == [TREE]
    assert trees(tmp_path) == [TREE, tmp_path]
