"""Which Python runs what is measured, and where its libraries lie."""

from __future__ import annotations

import sys
from pathlib import Path

import interpreter
import pytest
from having import NotInstalled
from interpreter import Interpreter, choose, environment, look_at


def test_an_interpreter_says_what_it_is() -> None:
    found = look_at(sys.executable)
    assert found == Interpreter(sys.executable, ".".join(map(str, sys.version_info[:3])))


def program(place: Path, says: str) -> str:
    made = place / "python"
    made.write_text(f"#!/bin/sh\n{says}\n")
    made.chmod(0o700)
    return str(made)


@pytest.mark.parametrize(
    ("says", "why"),
    [("echo 3.9.2", "peekd needs 3.11"), ("true", "is no Python"), ("exit 1", "is no Python")],
)
def test_what_cannot_run_peekd_is_refused(tmp_path: Path, says: str, why: str) -> None:
    with pytest.raises(NotInstalled, match=why):
        look_at(program(tmp_path, says))


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="No such file"):
        look_at(str(tmp_path / "python"))


def test_without_a_fit_python_of_the_system_our_own_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter, "SYSTEM", program(tmp_path, "echo 3.10.0"))
    assert choose().path == sys.executable
    monkeypatch.setattr(interpreter, "SYSTEM", program(tmp_path, "echo 3.12.9"))
    assert choose().version == "3.12.9"


def test_an_environment_is_made_once_and_one_that_was_not_finished_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    broken = [True]

    def fetch(*command: str, cwd: Path) -> None:
        steps.append(command[2])
        if command[2] == "venv":
            Path(command[-1]).mkdir(exist_ok=True)
        elif broken[0]:
            raise NotInstalled("no such package")

    monkeypatch.setattr(interpreter, "fetch", fetch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    choose(sys.executable)
    with pytest.raises(NotInstalled, match="no such package"):
        environment("thing-1", "thing==1")
    broken[0] = False
    assert environment("thing-1", "thing==1") == environment("thing-1", "thing==1")
    assert steps == ["venv", "pip"] * 2
