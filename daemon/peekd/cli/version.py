"""What `peekd --version` says: this peekd, where it was built from, and what it runs on."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files

from peekd import __version__

BENEATH = ("trio", "hypercorn", "quart", "httpx", "msgspec")
"""What a bug report should name."""


def tell_version() -> str:
    """Give one line: version, commit where it is known, Python, and the libraries that matter."""
    commit = _commit()
    built = f" ({commit})" if commit else ""
    beneath = ", ".join(f"{name} {_version_of(name)}" for name in BENEATH)
    return f"peekd {__version__}{built}, Python {platform.python_version()}, {beneath}"


def _commit() -> str:
    note = files("peekd") / "build.json"
    try:
        return str(json.loads(note.read_text(encoding="utf-8"))["commit"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _version_of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # packed without its metadata
        return "?"
