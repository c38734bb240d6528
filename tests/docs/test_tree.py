"""The tree stands alone: it names no package host, no machine's folders, and installs by hash."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

# Put together here, so that this file does not hold what it looks for.
HOSTS = ["".join(parts) for parts in (("pypi", ".org"), ("python", "hosted.org"), ("registry.npm", "js"))]
FOLDERS = ["".join(parts) for parts in (("/ro", "ot/"), ("/wo", "rk/"), ("/tm", "p/v/"), (".py", "env/"))]
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(\S+)", re.MULTILINE)


def pins(path: Path) -> dict[str, str]:
    """Give name and version of each requirement of a file."""
    return dict(PIN.findall(path.read_text()))


def test_no_file_names_a_package_host_or_a_folder_of_one_machine(files: tuple[Path, ...]) -> None:
    found: list[str] = []
    for path in files:
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.name}: {word}" for word in (*HOSTS, *FOLDERS) if word in text]
    assert files
    assert found == []


def test_every_requirement_is_pinned_by_hash_and_from_no_named_place(tree: Path) -> None:
    for path in sorted((tree / "requirements").glob("*.txt")):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        assert not [line for line in lines if "://" in line or line.startswith(("-", "git+"))], path.name
        blocks = re.split(r"\n(?=\S)", "\n".join(lines))
        assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == [], path.name


def test_the_pins_agree_with_each_other_and_cover_what_peekd_needs(
    tree: Path, project: dict[str, Any]
) -> None:
    run, build, dev = (pins(tree / f"requirements/{name}.txt") for name in ("run", "build", "dev"))
    needed = [re.split(r"[\[<>=!~ ]", need, maxsplit=1)[0] for need in project["project"]["dependencies"]]
    assert set(needed) <= set(run)
    assert dev.items() >= run.items() | build.items()


def test_the_lock_file_that_names_its_hosts_stays_out(tree: Path) -> None:
    assert "uv.lock" in (tree / ".gitignore").read_text().split()
    assert (
        tomllib.loads((tree / "pyproject.toml").read_text())["build-system"]["build-backend"]
        == "hatchling.build"
    )
