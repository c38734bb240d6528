"""Requests as a table: whole where nobody measures, as narrow as a terminal where one is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from itertools import starmap
from typing import Final

import msgspec

from peekd.cli.paint import Paint, columns, plain
from peekd.cli.story import clock, result
from peekd.records.entries import RequestRecord

TITLES: Final = ("came", "id", "model", "account", "attempts", "seconds", "got")
NARROW_TITLES: Final = ("came", "id", "model", "account", "n", "seconds", "got")

ID_TAIL: Final = 8
"""Letters of an id that are shown where there is little room; `peekd explain` knows it by them."""

_GAP: Final = 2
_TIME: Final = 8
_SECONDS: Final = 7
_RESULT: Final = 23
_ATTEMPTS: Final = 1
_LEAST: Final = 8


class Layout(msgspec.Struct, frozen=True):
    """How a table is to look. `width` None: as wide as it is. `zone` None: this machine's."""

    paint: Paint
    width: int | None = None
    zone: tzinfo | None = None

    def line(self, record: RequestRecord) -> str:
        """Write one request in columns that do not depend on others."""
        model, account = self._shares()
        widths = (_TIME, ID_TAIL, model, account, _ATTEMPTS, _SECONDS)
        cells = list(starmap(cut, zip(self.narrow(record), widths, strict=True)))
        fixed = (" " * _GAP).join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"{fixed}  {result(record, self.paint)}"

    def _shares(self) -> tuple[int, int]:
        """Give the columns that model and account may take."""
        taken = _TIME + ID_TAIL + _ATTEMPTS + _SECONDS + _RESULT + 6 * _GAP
        left = max((self.width or 100) - taken, 2 * _LEAST)
        return left - left // 2, left // 2

    def wide(self, record: RequestRecord) -> tuple[str, ...]:
        """Give all there is to tell."""
        return (clock(record, self.zone), plain(record.id), *_middle(record))

    def narrow(self, record: RequestRecord) -> tuple[str, ...]:
        """Give the same with the time of day and an id's end."""
        return (clock(record, self.zone)[11:], plain(record.id)[-ID_TAIL:], *_middle(record))


def _middle(record: RequestRecord) -> tuple[str, ...]:
    seconds = "-" if record.seconds is None else f"{record.seconds:.2f}"
    return plain(record.model) or "-", plain(record.account) or "-", str(len(record.attempts)), seconds


def cut(text: str, width: int) -> str:
    """Shorten a text to so many columns.

    >>> cut("claude-sonnet-4-5", 9), cut("gpt-5", 9)
    ('claude-s…', 'gpt-5')
    """
    return text if len(text) <= width else text[: width - 1] + "…"


def listed(records: Sequence[RequestRecord], layout: Layout) -> str:
    """Write a table, the first of them on top."""
    if not records:
        return "no request\n"
    bare = [result(record, Paint()) for record in records]
    rows = [(*layout.wide(record), words) for record, words in zip(records, bare, strict=True)]
    head, *lines = columns([TITLES, *rows])
    if layout.width is not None and max(map(len, lines)) > layout.width:
        head, *lines = columns(_narrowed(records, bare, layout))
    starts = [line.removesuffix(words) for line, words in zip(lines, bare, strict=True)]
    told = [start + result(record, layout.paint) for start, record in zip(starts, records, strict=True)]
    return "\n".join([layout.paint.head(head), *told]) + "\n"


def _narrowed(
    records: Sequence[RequestRecord], results: Sequence[str], layout: Layout
) -> list[tuple[str, ...]]:
    """Give rows that fit, as far as that can be: names make room, the longer one first; days are left out."""
    rows = [(*layout.narrow(record), words) for record, words in zip(records, results, strict=True)]
    if len({clock(record, layout.zone)[:10] for record in records}) > 1:
        days = [clock(record, layout.zone)[5:16] for record in records]
        rows = [(day, *row[1:]) for day, row in zip(days, rows, strict=True)]
    rows = [NARROW_TITLES, *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    over = sum(widths) + _GAP * (len(widths) - 1) - (layout.width or 0)
    while over > 0 and max(widths[2:4]) > _LEAST:
        widest = 2 if widths[2] >= widths[3] else 3
        widths[widest] -= 1
        over -= 1
    return [(*row[:2], *starmap(cut, zip(row[2:4], widths[2:4], strict=True)), *row[4:]) for row in rows]
