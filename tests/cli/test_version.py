"""A bug report needs one line: what this is, where it is from, and what it runs on."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from peekd import __version__
from peekd.cli import version


def test_it_names_python_and_what_lies_beneath() -> None:
    line = version.tell_version()
    assert line.startswith(f"peekd {__version__}")
    assert f"Python {platform.python_version()}" in line
    assert "trio 0." in line


@pytest.mark.parametrize(
    ("note", "told"), [('{"commit": "abc1234+"}', " (abc1234+),"), ("{}", ","), ("no JSON", ","), (None, ",")]
)
def test_a_built_one_names_its_commit(
    note: str | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if note is not None:
        (tmp_path / "build.json").write_text(note)

    def packed(_package: str) -> Path:
        return tmp_path

    monkeypatch.setattr(version, "files", packed)
    assert version.tell_version().startswith(f"peekd {__version__}{told}")


def test_a_library_without_metadata_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "BENEATH", ("nothing-of-this-name",))
    assert version.tell_version().endswith("nothing-of-this-name ?")
