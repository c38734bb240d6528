"""What the tests of the tree have in common: where the tree is, and what lies in it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

TREE = Path(__file__).parents[2]
NOT_OURS = {
    ".git",
    "build",
    "dist",
    ".venv",
    ".hypothesis",
    ".pytest_cache",
    ".ruff_cache",
    ".import_linter_cache",
    "__pycache__",
}


@pytest.fixture(scope="session")
def tree() -> Path:
    """The root of the source tree."""
    return TREE


@pytest.fixture(scope="session")
def files() -> tuple[Path, ...]:
    """Every file of the tree that a person wrote or recorded, in order."""
    return tuple(
        path
        for path in sorted(TREE.rglob("*"))
        if path.is_file() and NOT_OURS.isdisjoint(path.relative_to(TREE).parts) and path.suffix != ".pyc"
    )


@pytest.fixture(scope="session")
def project() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((TREE / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def promises() -> str:
    """The text of docs/promises.md."""
    return (TREE / "docs/promises.md").read_text()
