"""peekd requests: what was asked lately, one request a line, from the daemon or from its ledger."""

from __future__ import annotations

import shutil
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from peekd.cli.codes import DONE
from peekd.cli.paint import paint_for
from peekd.cli.since import since_option
from peekd.cli.sources import Source, add_source_options, find_source
from peekd.cli.table import Layout, listed
from peekd.cli.unanswered import RefusedError
from peekd.records.entries import RequestRecord
from peekd.store.queries import Query

FOLLOW_SECONDS: Final = 1.0
"""How often a list that is followed is looked at."""

MOST: Final = 1000
"""Requests that are asked for at once."""

_TEXTS: Final = {
    "session": "of one session: its id, or a part of it",
    "account": "with an attempt by this account",
    "model": "for this model, as asked or as mapped",
    "path": "to this path",
    "outcome": "that came to this, or one of whose attempts did",
    "text": "in whose errors this stands",
}


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("id", nargs="?", default="", metavar="ID", help="with --as-test: a captured request")
    parser.add_argument(
        "--as-test", metavar="FOLDER", help="write what its upstream sent as a test's transcript into FOLDER"
    )
    parser.add_argument("--failed", action="store_true", help="only those without a whole answer")
    parser.add_argument("--healed", action="store_true", help="only those that took more than one attempt")
    parser.add_argument("--open", action="store_true", help="only those under way")
    now = since_option(lambda: datetime.fromtimestamp(time.time(), UTC).astimezone())
    parser.add_argument("--since", type=now, metavar="TIME", help="from then on: 2h, 7d, 2027-01-15")
    for name, words in _TEXTS.items():
        parser.add_argument(f"--{name}", default="", metavar=name.upper(), help=f"only those {words}")
    parser.add_argument("--limit", type=_limit, default=50, metavar="N", help="at most so many (50)")
    parser.add_argument("--follow", action="store_true", help="go on with each that ends, until interrupted")
    parser.add_argument("--json", action="store_true", help="the records themselves; followed, one a line")
    add_source_options(parser)


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ArgumentTypeError(f"expected a number from 1 on, found {text!r}")
    return int(text)


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Print the list, the newest first; followed, the newest last."""
    if arguments.as_test or arguments.id:
        return _run_as_test(arguments, environ)
    source = find_source(arguments, environ)
    query = query_of(arguments)
    layout = Layout(paint_for(sys.stdout, environ), _width())
    if arguments.follow:
        for record in followed(source, query, time.sleep):
            _write_line(record, layout, as_json=arguments.json)
        return DONE
    records, lost = gathered(source, query)
    if arguments.json:
        body = msgspec.json.encode({"requests": records, "lost": lost})
        sys.stdout.write(msgspec.json.format(body).decode() + "\n")
    else:
        sys.stdout.write(listed(records, layout))
    if lost:
        sys.stderr.write(f"peekd: {lost} rows could not be written; the journal says why\n")
    return DONE


def _run_as_test(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Write one capture as a transcript."""
    if not (arguments.as_test and arguments.id):
        raise RefusedError("one request is told by `peekd explain ID`; --as-test FOLDER wants an ID")
    from peekd.cli.captured import captured, write_transcript

    folder = write_transcript(captured(arguments.id, environ), Path(arguments.as_test))
    sys.stdout.write(f"{folder}\n")
    return DONE


def _width() -> int | None:
    """The terminal's columns; None where nobody looks at one."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def query_of(arguments: Namespace) -> Query:
    """Give what is asked for."""
    names = ("failed", "healed", "open", "since", "limit", *_TEXTS)
    return msgspec.convert({name: getattr(arguments, name) for name in names}, Query)


def gathered(source: Source, query: Query) -> tuple[list[RequestRecord], int]:
    """Give as many as are wanted, page by page, and how many rows were lost."""
    found: dict[str, RequestRecord] = {}
    while True:
        page = msgspec.structs.replace(query, limit=min(MOST, query.limit - len(found)))
        listing = source.requests(page)
        fresh = [record for record in listing.requests if record.id not in found]
        found.update((record.id, record) for record in fresh)
        if not fresh or len(listing.requests) < page.limit or len(found) >= query.limit:
            return list(found.values()), listing.lost
        query = msgspec.structs.replace(query, before=fresh[-1].came)


def followed(source: Source, query: Query, sleep: Callable[[float], None]) -> Iterator[RequestRecord]:
    """Give the last that ended, then each as it ends, the oldest first."""
    told: dict[str, None] = {}
    while True:
        records, _ = gathered(source, query)
        for record in reversed(records):
            if record.state == "done" and record.id not in told:
                told[record.id] = None
                yield record
        under_way, _ = gathered(source, Query(open=True, limit=MOST))
        oldest = min([record.came for record in (*under_way, *records[:1])], default=query.since)
        query = msgspec.structs.replace(query, since=oldest, limit=MOST)
        for known in list(told)[: -10 * MOST]:
            del told[known]
        sleep(FOLLOW_SECONDS)


def _write_line(record: RequestRecord, layout: Layout, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.encode(record).decode() + "\n")
    else:
        sys.stdout.write(layout.line(record) + "\n")
    sys.stdout.flush()
