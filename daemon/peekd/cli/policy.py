"""peekd policy: the table that says what is done about each outcome, with the operator's rows in it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import get_args

import msgspec

from peekd.cli.paint import Paint, columns, paint_for
from peekd.config.load import load_settings
from peekd.healing.policy import REPEAT, Policy, Rule, policy_in_force
from peekd.vocabulary.outcomes import AnyOutcome, Outcome, name_of

_TITLES = ("outcome", "ladder", "backoff", "meaning")


class Row(msgspec.Struct):
    """One row, as `--json` gives it. Seconds are those of the first pause, and of the longest."""

    outcome: str
    ladder: tuple[str, ...]
    pace: str
    base_seconds: float
    cap_seconds: float
    meaning: str


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--config", metavar="FILE", help="the settings to read")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Print the table in force."""
    rows = list(rows_of(policy_in_force(load_settings(arguments.config, environ).settings.healing)))
    if arguments.json:
        text = msgspec.json.format(msgspec.json.encode(rows)).decode() + "\n"
    else:
        text = tabled(rows, paint_for(sys.stdout, environ))
    sys.stdout.write(text)
    return 0


def rows_of(policy: Policy) -> Iterator[Row]:
    """Give the rows in the order of the outcomes, with the first line of what each outcome means."""
    kinds: tuple[type[Outcome], ...] = get_args(AnyOutcome)
    for kind in kinds:
        rule = policy[name_of(kind)]
        ladder = (*rule.ladder, REPEAT) if rule.repeat else rule.ladder
        meaning = (kind.__doc__ or "").strip().splitlines()[0]
        yield Row(name_of(kind), ladder, rule.pace, rule.base, _cap(rule), meaning)


def tabled(rows: list[Row], paint: Paint) -> str:
    """Write the rows as a table."""
    cells = [(row.outcome, " ".join(row.ladder) or "-", _backoff(row), row.meaning) for row in rows]
    head, *lines = columns([_TITLES, *cells])
    return "\n".join([paint.head(head), *lines]) + "\n"


def _cap(rule: Rule) -> float:
    return rule.base if rule.pace == "fixed" else rule.cap if rule.pace else 0.0


def _backoff(row: Row) -> str:
    if not row.pace:
        return "-"
    limit = f" to {row.cap_seconds:g}" if row.cap_seconds != row.base_seconds else ""
    return f"{row.pace} {row.base_seconds:g}{limit} s"
