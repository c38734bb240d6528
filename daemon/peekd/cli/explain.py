"""peekd explain: the story of one request, from the daemon or from its ledger."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

import msgspec

from peekd.cli.codes import DONE
from peekd.cli.paint import Paint, paint_for, plain
from peekd.cli.sources import Bodies, add_source_options, find_source
from peekd.cli.story import tell


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "id",
        nargs="?",
        default="last",
        metavar="ID",
        help="a request's id or the end of it, last, or last-failed (last)",
    )
    parser.add_argument("--json", action="store_true", help="the record itself")
    parser.add_argument(
        "--bodies", action="store_true", help="also what was asked and answered, where it is kept"
    )
    add_source_options(parser)


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Print the story."""
    source = find_source(arguments, environ)
    record = source.find(arguments.id)
    if arguments.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(record)).decode() + "\n")
    else:
        paint = paint_for(sys.stdout, environ)
        sys.stdout.write(tell(record, None, paint))
        if arguments.bodies:
            sys.stdout.write(_words(source.bodies(record), paint))
    return DONE


def _words(bodies: Bodies, paint: Paint) -> str:
    """Tell what was said; lines stay lines, and nothing in them commands the terminal."""
    if not bodies:
        return "\nnothing of its words is kept: see [records] bodies\n"
    told: list[str] = []
    for part, text in bodies.items():
        told += ["", paint.head(f"The {part}"), *(plain(line) for line in text.split("\n"))]
    return "\n".join(told) + "\n"
