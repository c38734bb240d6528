"""peekd explain: the story of one request, from the daemon or from its ledger."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

import msgspec

from peekd.cli.codes import DONE
from peekd.cli.paint import paint_for
from peekd.cli.sources import add_source_options, find_source
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
    add_source_options(parser)


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Print the story."""
    record = find_source(arguments, environ).find(arguments.id)
    if arguments.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(record)).decode() + "\n")
    else:
        sys.stdout.write(tell(record, None, paint_for(sys.stdout, environ)))
    return DONE
