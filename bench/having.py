"""Having what is to be measured: where fetched programs lie, and how one step of fetching them is run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

LAST_WORDS = 3


class NotInstalled(Exception):
    """A program that cannot be had here, and why."""


def cache() -> Path:
    """Where fetched programs lie."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    place = Path(base, "peekd-bench")
    place.mkdir(parents=True, exist_ok=True)
    return place


def fetch(*command: str, cwd: Path) -> None:
    """Run a step of an installation. Raises NotInstalled with its last lines."""
    try:
        done = subprocess.run(
            command, cwd=cwd, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as fault:
        raise NotInstalled(f"{command[0]}: {fault.strerror}") from None
    if done.returncode:
        words = " / ".join(done.stdout.strip().splitlines()[-LAST_WORDS:])
        raise NotInstalled(f"{' '.join(command[:4])} …: {words}")
