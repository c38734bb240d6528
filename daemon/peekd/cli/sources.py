"""Where the commands read requests from: the daemon that runs, else the ledger that it left behind."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from peekd.cli.asking import Daemon, add_daemon_options, ask, find_daemon
from peekd.cli.unanswered import RefusedError, UnreachableError
from peekd.records.entries import RequestRecord
from peekd.records.rows import record_of, records_of
from peekd.service.state import DATABASE, state_directory
from peekd.store.queries import NoLedger, Query, open_reader
from peekd.vocabulary.errors import OperatorError

DecodedT = TypeVar("DecodedT")

SYSTEM_STATE: Final = Path("/var/lib/peekd")
"""Where a system service keeps its state (systemd.exec(5), StateDirectory=)."""


class Listing(msgspec.Struct):
    """The daemon's answer. `lost`: rows that it could not write."""

    requests: tuple[RequestRecord, ...]
    lost: int = 0


Bodies = dict[str, str]
"""What is kept of a request's words, by "request" and "answer"."""


class Source(Protocol):
    """Gives requests. Methods raise UnreachableError or RefusedError."""

    def requests(self, query: Query) -> Listing:
        """Give the newest that fit."""
        ...

    def find(self, name: str) -> RequestRecord:
        """Give one by its id, the end of it, "last" or "last-failed"."""
        ...

    def bodies(self, record: RequestRecord) -> Bodies:
        """Give what is kept of its words."""
        ...


class FromDaemon:
    """Asks the daemon."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def requests(self, query: Query) -> Listing:
        """Give the newest that fit, the open ones among them."""
        words = urlencode(list(_worded(query)))
        return _decoded(ask(self._daemon, f"/api/requests{'?' if words else ''}{words}"), Listing)

    def find(self, name: str) -> RequestRecord:
        """Give one."""
        return _decoded(ask(self._daemon, f"/api/requests/{quote(name, safe='')}"), RequestRecord)

    def bodies(self, record: RequestRecord) -> Bodies:
        """Give its words."""
        return _decoded(ask(self._daemon, f"/api/requests/{quote(record.id, safe='')}/bodies"), Bodies)


class FromLedger:
    """Reads the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def requests(self, query: Query) -> Listing:
        """Give the newest that fit."""
        try:
            with open_reader(self._path) as reader:
                return Listing(tuple(records_of(reader.requests(query))))
        except (NoLedger, msgspec.ValidationError) as error:
            raise RefusedError(str(error)) from error

    def find(self, name: str) -> RequestRecord:
        """Give one."""
        try:
            with open_reader(self._path) as reader:
                kept = reader.find(name)
            if kept is None:
                raise RefusedError(f"no request {name!r} is in {self._path}")
            return record_of(kept)
        except (NoLedger, msgspec.ValidationError) as error:
            raise RefusedError(str(error)) from error

    def bodies(self, record: RequestRecord) -> Bodies:
        """Give its words."""
        try:
            with open_reader(self._path) as reader:
                return {row.part: row.text for row in reader.bodies(record.id)}
        except NoLedger as error:
            raise RefusedError(str(error)) from error


class Either:
    """Asks the daemon, and where none answers, or not to us, reads the ledger from then on."""

    def __init__(self, daemon: Daemon, ledger: Path) -> None:
        self._source: Source = FromDaemon(daemon)
        self._ledger = ledger
        self._asked = False

    def requests(self, query: Query) -> Listing:
        """Give the newest that fit."""
        self._choose()
        return self._source.requests(query)

    def find(self, name: str) -> RequestRecord:
        """Give one."""
        self._choose()
        return self._source.find(name)

    def bodies(self, record: RequestRecord) -> Bodies:
        """Give its words."""
        self._choose()
        return self._source.bodies(record)

    def _choose(self) -> None:
        """Find out, once, whether a daemon answers."""
        if self._asked:
            return
        self._asked = True
        try:
            self._source.requests(Query(limit=1))
        except (UnreachableError, RefusedError) as error:
            if not _is_ledger(self._ledger):
                raise
            sys.stderr.write(f"peekd: {error}\npeekd: this is from the ledger, {self._ledger}\n")
            self._source = FromLedger(self._ledger)


def add_source_options(parser: ArgumentParser) -> None:
    """Let a command say where it reads."""
    add_daemon_options(parser)
    parser.add_argument("--ledger", metavar="FILE", help="read this ledger, and ask no daemon")


def find_source(arguments: Namespace, environ: Mapping[str, str]) -> Source:
    """Find where to read: --ledger, else --url or $PEEKD_URL, else the daemon of the settings or its ledger.

    Raises OperatorError where the settings are at fault and there is no ledger either.
    """
    if arguments.ledger:
        return FromLedger(Path(arguments.ledger))
    ledger = next(_ledgers(environ), None)
    if arguments.url or environ.get("PEEKD_URL") or ledger is None:
        return FromDaemon(find_daemon(arguments, environ))
    try:
        return Either(find_daemon(arguments, environ), ledger)
    except OperatorError as error:
        sys.stderr.writelines(f"peekd: {fault}\n" for fault in error.faults)
        sys.stderr.write(f"peekd: this is from the ledger, {ledger}\n")
        return FromLedger(ledger)


def _ledgers(environ: Mapping[str, str]) -> Iterator[Path]:
    """Give the ledgers there are: one's own, then the system service's."""
    for directory in (state_directory(environ), SYSTEM_STATE):
        if directory is not None and _is_ledger(directory / DATABASE):
            yield directory / DATABASE


def _is_ledger(path: Path) -> bool:
    """Whether there is one that can be read; not so in a directory that we may not look into."""
    try:
        with open_reader(path):
            return True
    except NoLedger:
        return False


def _worded(query: Query) -> Iterator[tuple[str, str]]:
    """Give a query as a URL has it, without what is as always."""
    for name, value in msgspec.structs.asdict(query).items():
        if value != getattr(Query(), name):
            yield name, "1" if value is True else str(value)


def _decoded(body: bytes, kind: type[DecodedT]) -> DecodedT:
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"what answers there is not this version of peekd: {error}") from error
