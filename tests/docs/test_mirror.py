"""Tests mirror the source: a module with behaviour has its test in the same place, and the other way round.

Exceptions stand in the open, each with its reason: `[tool.peekd.mirror]` in pyproject.toml.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def mirror(project: dict[str, Any]) -> dict[str, Any]:
    """The exceptions."""
    return project["tool"]["peekd"]["mirror"]


def behaves(path: Path) -> bool:
    """Whether a module has any function that does something; an interface's `...` does not."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _only_declared(node)
        for node in ast.walk(ast.parse(path.read_text()))
    )


def _only_declared(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return all(
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        for statement in function.body
    )


def modules(tree: Path) -> dict[str, Path]:
    """Give the package's modules by name, `healing.decide`; a room's own __init__ is the room."""
    root = tree / "daemon/peekd"
    found: dict[str, Path] = {}
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root).with_suffix("")
        found[".".join(part for part in place.parts if part != "__init__")] = path
    return found


def rooms_tests(tree: Path, free: list[str]) -> list[str]:
    """Give the tests that belong to a room, by name, `healing.test_decide`."""
    root = tree / "tests"
    places = [path.relative_to(root).with_suffix("") for path in sorted(root.rglob("test_*.py"))]
    return [".".join(place.parts) for place in places if place.parts[0] not in free]


def source_of(test: str, known: dict[str, Path]) -> str | None:
    """Give the module that `test_<module>` or `test_<module>_<aspect>` is for: the longest name that fits."""
    room, _, name = test.rpartition(".test_")
    words = name.split("_")
    candidates = (
        ".".join(filter(None, (room, "_".join(words[:count])))) for count in range(len(words), 0, -1)
    )
    return next((candidate for candidate in candidates if candidate in known), None)


def test_each_module_with_behaviour_has_its_test(tree: Path, mirror: dict[str, Any]) -> None:
    known = modules(tree)
    tested = {source_of(test, known) for test in rooms_tests(tree, mirror["free"])}
    lonely = [name for name, path in known.items() if behaves(path) and name not in tested]
    assert sorted(lonely) == sorted(mirror["untested"])


def test_each_test_has_its_source(tree: Path, mirror: dict[str, Any]) -> None:
    known = modules(tree)
    lonely = [test for test in rooms_tests(tree, mirror["free"]) if source_of(test, known) is None]
    assert sorted(lonely) == sorted(mirror["unsourced"])


def test_each_exception_has_a_reason(mirror: dict[str, Any]) -> None:
    assert all(
        len(reason.split()) > 3 for group in ("untested", "unsourced") for reason in mirror[group].values()
    )
