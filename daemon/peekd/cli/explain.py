"""peekd explain: the story of one request, asked of the daemon that runs."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from peekd.cli.asking import RefusedError, add_daemon_options, ask, find_daemon
from peekd.cli.paint import paint_for
from peekd.cli.story import tell
from peekd.records.entries import RequestRecord


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "id", nargs="?", default="last", metavar="ID", help="a request's id, last, or last-failed (last)"
    )
    parser.add_argument("--json", action="store_true", help="the record itself")
    add_daemon_options(parser)


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Print the story."""
    body = ask(find_daemon(arguments, environ), f"/api/requests/{quote(arguments.id, safe='')}")
    try:
        record = msgspec.json.decode(body, type=RequestRecord)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"what answers there is not this version of peekd: {error}") from error
    if arguments.json:
        sys.stdout.write(msgspec.json.format(body).decode() + "\n")
    else:
        sys.stdout.write(tell(record, None, paint_for(sys.stdout, environ)))
    return 0
