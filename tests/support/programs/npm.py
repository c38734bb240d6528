"""Programs from npm, installed below a place of our own, by name."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

INSTALL_SECONDS = 600
NODE = "node@22"
"""Node itself, as npm has it: for a machine whose own is older than what some packages ask for."""
OLDEST_NODE = 22


class Unable(Exception):
    """The run cannot be made here, and why."""


def said(*words: str) -> None:
    """Tell the person who waits."""
    print("clients:", *words, file=sys.stderr, flush=True)


def install(place: Path, packages: Sequence[str]) -> Path:
    """Install packages (`NAME@VERSION`) below `place`; give the folder of their programs. Raises Unable."""
    npm = shutil.which("npm")
    if npm is None:
        raise Unable("npm is not installed (Debian: apt-get install npm)")
    said("installing", *packages)
    place.mkdir(exist_ok=True)
    quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
    command = [npm, "install", "--prefix", str(place), *quiet, *packages]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False, cwd=place
        )
    except subprocess.TimeoutExpired:
        raise Unable(f"npm did not finish within {INSTALL_SECONDS} s") from None
    if done.returncode != 0:
        raise Unable(f"npm could not install {' '.join(packages)}:\n{done.stderr.strip()[-800:]}")
    return place / "node_modules/.bin"


def version(place: Path, package: str) -> str:
    """Give the installed version of a package, named with or without `@VERSION`."""
    name = package[0] + package[1:].partition("@")[0]
    manifest = place / "node_modules" / name / "package.json"
    return str(json.loads(manifest.read_text())["version"])


def node_is_old() -> bool:
    """Say whether this machine's node is too old, or missing."""
    node = shutil.which("node")
    if node is None:
        return True
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    return int(told.strip().removeprefix("v").partition(".")[0]) < OLDEST_NODE
