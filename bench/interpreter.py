"""The Python that every Python program is measured with: the system's own, where there is one that will do.

It is what a distribution's package runs on, and built with profiles, as runtimes of other languages are. One
that was built from source by its defaults is not: the same program takes up to 1.4 times as long there.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from having import NotInstalled, cache, fetch

SYSTEM = "/usr/bin/python3"
LEAST = (3, 11)
REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements/run.txt"
DIGITS = 8
_ASK = "import platform; print(platform.python_version())"


class Interpreter(NamedTuple):
    """A Python: where it is, and its version."""

    path: str
    version: str


_chosen: list[Interpreter] = []


def choose(path: str = "") -> Interpreter:
    """Take this one; without a path the system's if it can run peekd, else this program's.

    Raises NotInstalled for one that does not run, or is too old.
    """
    _chosen[:] = [look_at(path) if path else _usual()]
    return _chosen[0]


def _usual() -> Interpreter:
    try:
        return look_at(SYSTEM)
    except NotInstalled:
        return look_at(sys.executable)


def look_at(path: str) -> Interpreter:
    """Ask an interpreter what it is. Raises NotInstalled."""
    try:
        asked = subprocess.run([path, "-c", _ASK], check=False, text=True, capture_output=True)
    except OSError as fault:
        raise NotInstalled(f"{path}: {fault.strerror}") from None
    version = asked.stdout.strip()
    if asked.returncode or not version:
        raise NotInstalled(f"{path} is no Python")
    if tuple(map(int, version.split(".")[:2])) < LEAST:
        raise NotInstalled(f"{path} is Python {version}, and peekd needs {'.'.join(map(str, LEAST))}")
    return Interpreter(str(Path(path).absolute()) if "/" in path else path, version)


def environment(name: str, *packages: str) -> Path:
    """A virtual environment of the chosen Python in which these are installed. Raises NotInstalled.

    It is made without pip, which not every system's Python brings; ours installs into it.
    """
    if not _chosen:
        choose()
    python = _chosen[0]
    place = cache() / f"{name}-python-{python.version}"
    whole = place / "whole"
    if not whole.exists():
        fetch(python.path, "-m", "venv", "--clear", "--without-pip", str(place), cwd=cache())
        ours = (sys.executable, "-m", "pip", "--python", str(place / "bin/python"))
        fetch(*ours, "install", "--quiet", *packages, cwd=place)
        whole.touch()
    return place


def python() -> str:
    """The Python that runs peekd and what else needs its libraries, at the versions that are locked."""
    locked = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:DIGITS]
    packages = ("--no-deps", "--require-hashes", "--requirement", str(REQUIREMENTS))
    return str(environment(f"libraries-{locked}", *packages) / "bin/python")
