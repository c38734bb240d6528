"""The man page and the shell completions know every command and option there is."""

from __future__ import annotations

import re
from argparse import PARSER, Action, ArgumentParser
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest
from completions import FILES, FOLDER, encode_completion

from peekd.cli.main import make_parser

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "etc/peekd.1"


def commands(parser: ArgumentParser, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command, by the words that lead to it."""
    for name, below in under(parser).items():
        yield (*above, name)
        yield from commands(below, (*above, name))


def options(parser: ArgumentParser) -> set[str]:
    """Every long option of every command."""
    own = {name for action in actions(parser) for name in action.option_strings if name.startswith("--")}
    return own.union(*(options(below) for below in under(parser).values()))


def under(parser: ArgumentParser) -> Mapping[str, ArgumentParser]:
    """A command's own commands, by name."""
    found = [one.choices for one in actions(parser) if one.nargs == PARSER]
    return cast("Mapping[str, ArgumentParser]", found[0]) if found else {}


def actions(parser: ArgumentParser) -> list[Action]:
    return parser._actions


@pytest.mark.parametrize("shell", FILES)
def test_completions_are_those_of_the_command_line(shell: str) -> None:
    written = (ROOT / FOLDER / FILES[shell]).read_text(encoding="utf-8")
    assert written == encode_completion(shell), "run `./dev docs`"


@pytest.mark.parametrize("words", list(commands(make_parser(whole=True))), ids=" ".join)
def test_the_man_page_has_every_command(words: tuple[str, ...]) -> None:
    text = PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    assert re.search(rf"\.B(I|R)? .*\b{words[-1]}\b", text), f"etc/peekd.1 does not tell of {' '.join(words)}"


def test_the_man_page_has_every_option() -> None:
    text = PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    assert not {option for option in options(make_parser(whole=True)) if option not in text}


def test_the_man_page_has_no_option_that_is_gone() -> None:
    text = PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert told <= options(make_parser(whole=True))
