"""peekd requests: what was asked lately, one request a line, asked of the daemon that runs."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from datetime import tzinfo

import msgspec

from peekd.cli.asking import RefusedError, add_daemon_options, ask, find_daemon
from peekd.cli.paint import Paint, columns, paint_for, plain
from peekd.cli.story import clock, result
from peekd.records.entries import RequestRecord

_TITLES = ("came", "id", "model", "account", "attempts", "seconds", "got")


class Listing(msgspec.Struct):
    """The daemon's answer."""

    requests: tuple[RequestRecord, ...]


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--failed", action="store_true", help="only those without a whole answer")
    parser.add_argument("--json", action="store_true", help="the records themselves")
    add_daemon_options(parser)


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Print the list, the newest first."""
    body = ask(find_daemon(arguments, environ), "/api/requests" + ("?failed=1" if arguments.failed else ""))
    try:
        records = msgspec.json.decode(body, type=Listing).requests
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"what answers there is not this version of peekd: {error}") from error
    if arguments.json:
        sys.stdout.write(msgspec.json.format(body).decode() + "\n")
    else:
        sys.stdout.write(listed(records, None, paint_for(sys.stdout, environ)))
    return 0


def listed(records: Sequence[RequestRecord], zone: tzinfo | None, paint: Paint) -> str:
    """Write the list as a table; `zone` None is this machine's."""
    if not records:
        return "no request\n"
    bare = [result(record, Paint()) for record in records]
    rows = [(*_row(record, zone), words) for record, words in zip(records, bare, strict=True)]
    head, *lines = columns([_TITLES, *rows])
    starts = [line.removesuffix(words) for line, words in zip(lines, bare, strict=True)]
    told = [start + result(record, paint) for start, record in zip(starts, records, strict=True)]
    return "\n".join([paint.head(head), *told]) + "\n"


def _row(record: RequestRecord, zone: tzinfo | None) -> tuple[str, ...]:
    seconds = "" if record.seconds is None else f"{record.seconds:.2f}"
    names = (plain(record.id), plain(record.model) or "-", plain(record.account) or "-")
    return (clock(record, zone), *names, str(len(record.attempts)), seconds or "-")
