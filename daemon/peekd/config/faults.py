"""One thing wrong with the settings, and how it is told to the operator: never with a secret in it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import date, time

import msgspec

from peekd.config.places import Path, written

SECRET_LIKE = re.compile(
    r"(?i)\bbearer\s|\b(sk|pk|rk)-|AIza|ya29\.|\beyJ|\bgh[pousr]_|\bxox[abp]-|AKIA|-----BEGIN|[A-Za-z0-9+_=]{28,}"
)
"""Text that may be a key: how the well-known kinds begin, or a long run without a break."""

_LONGEST_SHOWN = 80

_KINDS: Mapping[type, str] = {
    bool: "true or false as a value",
    int: "a whole number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "a table",
    date: "a date",
    time: "a time",
}


class SettingsFault(msgspec.Struct, frozen=True):
    """What was expected at `path` and what was found there. `near` is the nearest known key or name.

    `expected` is "" where nothing could stand there. `in_file`: only the file may not say it.
    """

    path: Path
    expected: str = ""
    found: str = ""
    near: str = ""
    in_file: bool = False

    def told(self) -> str:
        """Tell it in one line, without saying in which file.

        >>> SettingsFault(("server", "bnid"), "a known key", "an unknown one", near="server.bind").told()
        'server.bnid: expected a known key, found an unknown one; nearest: server.bind'
        """
        parts = (self.expected and f"expected {self.expected}", self.found and f"found {self.found}")
        line = ", ".join(part for part in parts if part) if self.expected else self.found
        return f"{written(self.path)}: {line}" + (f"; nearest: {self.near}" if self.near else "")


class Origins(msgspec.Struct, frozen=True):
    """Where each setting was read: the file with its lines, or a variable of the environment.

    >>> origins = Origins("peekd.toml", {("server",): 3}, {("logs", "level"): "PEEKD_LOGS__LEVEL"})
    >>> origins.of(("server", "bind", 0)), origins.of(("logs", "level"))
    ('peekd.toml:3', '$PEEKD_LOGS__LEVEL')
    """

    file: str
    lines: Mapping[Path, int] = {}
    variables: Mapping[Path, str] = {}

    def of(self, path: Path) -> str:
        """Name the file and line, or the variable, that set `path` or the nearest thing around it."""
        for length in range(len(path), 0, -1):
            around = path[:length]
            if around in self.variables:
                return f"${self.variables[around]}"
            if around in self.lines:
                return f"{self.file}:{self.lines[around]}"
        return self.file

    def line(self, path: Path) -> int:
        """Give the line for sorting: the environment after the file."""
        around = [path[:length] for length in range(len(path), 0, -1)]
        if any(prefix in self.variables for prefix in around):
            return 1 << 30
        return next((self.lines[prefix] for prefix in around if prefix in self.lines), 0)

    def tell(self, faults: Iterable[SettingsFault]) -> tuple[str, ...]:
        """Write the faults one a line, in the order of the file, then of the environment."""
        ordered = sorted(faults, key=lambda fault: self.line(fault.path))
        return tuple(f"{self.of(fault.path)}: {fault.told()}" for fault in ordered)


def kind_of(value: object) -> str:
    """Say what kind of TOML value this is, and nothing of what stands in it."""
    return next((words for kind, words in _KINDS.items() if isinstance(value, kind)), "something else")


def shown(value: object) -> str:
    """Show a value that is no secret; text that might be one is told by its kind alone.

    >>> shown("atuo"), shown(70.0), shown("sk-ant-api03-x"), shown([1])
    ('"atuo"', '70', 'a string that looks like a key', 'a list')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if not isinstance(value, str):
        return kind_of(value)
    if SECRET_LIKE.search(value):
        return "a string that looks like a key"
    return f'"{value}"' if value.isprintable() and len(value) <= _LONGEST_SHOWN else "a string"


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the known name that looks most like `name`, "" where none does.

    >>> nearest("max_attemps", ["max_attempts", "max_accounts"])
    'max_attempts'
    """
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)), "")
