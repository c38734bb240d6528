"""The glossary defines each word once, and the code does without the words that say nothing."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

from peekd.vocabulary.decisions import Move

EMPTY_CLASS = re.compile(r"(Manager|Handler|Helper|Util|Utils)$")
EMPTY_MODULE = {"utils", "util", "common", "helpers", "misc", "base"}
EMPTY_FUNCTION = re.compile(r"^_?(process|do|handle)_")
LINES = 500


def defined(tree: Path) -> list[str]:
    """Give the words of the glossary, in order."""
    return re.findall(r"^\| \*\*(.+?)\*\* \|", (tree / "docs/glossary.md").read_text(), re.MULTILINE)


def test_each_word_is_defined_once(tree: Path) -> None:
    words = defined(tree)
    assert words
    assert sorted(words) == sorted(set(words))


def test_moves_ranks_and_the_nouns_of_a_request_are_defined(tree: Path) -> None:
    ranks = {"idle", "progress", "meaningful"}
    nouns = {
        "client",
        "upstream",
        "protocol",
        "account",
        "credential",
        "token",
        "request",
        "attempt",
        "history",
    }
    nouns |= {
        "outcome",
        "decision",
        "move",
        "ladder",
        "peek",
        "commit",
        "lease",
        "settle",
        "binding",
        "verbatim",
    }
    moves = {"again", "rotate", "repair", "relay"} & set(get_args(Move))
    assert ranks | nouns | moves <= set(defined(tree))


def empty_names(source: str) -> list[str]:
    """Give the names of classes and functions that say nothing; one that a framework gave is not ours."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ClassDef(name=name) if EMPTY_CLASS.search(name):
                found.append(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if EMPTY_FUNCTION.match(name):
                if not any(
                    isinstance(given, ast.Name) and given.id == "override" for given in node.decorator_list
                ):
                    found.append(name)
            case _:
                pass
    return found


def test_no_name_in_the_code_is_an_empty_word(tree: Path) -> None:
    sources = sorted((tree / "daemon").rglob("*.py"))
    assert [path.name for path in sources if path.stem in EMPTY_MODULE] == []
    assert {path.name: names for path in sources if (names := empty_names(path.read_text()))} == {}


def test_an_empty_word_is_found_where_there_is_one() -> None:
    assert empty_names("class RetryManager: ...") == ["RetryManager"]
    assert empty_names("def process_all(): ...") == ["process_all"]
    assert empty_names("class A:\n    @override\n    def handle_request(self): ...") == []


def test_no_file_of_the_package_is_too_long_to_read(tree: Path) -> None:
    sources = sorted((tree / "daemon").rglob("*.py"))
    assert [path.name for path in sources if len(path.read_text().splitlines()) > LINES] == []
