"""Text for a terminal: colours where they are wanted, columns, and nothing that commands the terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import TextIO

import msgspec


class Paint(msgspec.Struct, frozen=True):
    r"""Colours, or none.

    >>> Paint(wanted=True).bad("no"), Paint().bad("no")
    ('\x1b[31mno\x1b[0m', 'no')
    """

    wanted: bool = False

    def good(self, text: str) -> str:
        """Mark what went well."""
        return self._in("32", text)

    def bad(self, text: str) -> str:
        """Mark what failed."""
        return self._in("31", text)

    def warn(self, text: str) -> str:
        """Mark what to look at."""
        return self._in("33", text)

    def head(self, text: str) -> str:
        """Mark a heading."""
        return self._in("1", text)

    def dim(self, text: str) -> str:
        """Mark what is there for the curious."""
        return self._in("2", text)

    def _in(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.wanted and text else text


def paint_for(stream: TextIO, environ: Mapping[str, str]) -> Paint:
    """Colour a terminal only, and none that asks for no colour (no-color.org)."""
    return Paint(stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb")


def plain(text: str) -> str:
    r"""Make a stranger's words safe to print: control characters become their escapes.

    >>> plain("a\x1b[2Jb\n")
    'a\\x1b[2Jb\\n'
    """
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        else character
        for character in text
    )


def span(seconds: float) -> str:
    """Tell a span of time as a person does: two units at most.

    >>> [span(seconds) for seconds in (0.2, 59.6, 300, 7500, 273_600)]
    ['0 s', '1 min', '5 min', '2 h 5 min', '3 d 4 h']
    """
    left = max(0, round(seconds))
    told: list[str] = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count or (told and left):
            told.append(f"{count} {unit}" if count else "")
        if len(told) == _MOST_UNITS:
            break
    return " ".join(word for word in told if word) or "0 s"


_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_MOST_UNITS = 2


def columns(rows: Sequence[Sequence[str]], *, gap: str = "  ") -> list[str]:
    """Align rows of cells; the last column is not padded.

    >>> columns([("a", "bcd", "e"), ("ab", "c", "")])
    ['a   bcd  e', 'ab  c']
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        gap.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
