"""peekd top: what goes on now, live on a terminal; once where the output is no terminal."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from peekd.accounts.states import AccountState
from peekd.cli.asking import Daemon, add_daemon_options, ask, find_daemon
from peekd.cli.glance import Glance, glance, told
from peekd.cli.paint import Paint, paint_for
from peekd.cli.screen import Screen, open_screen
from peekd.cli.unanswered import RefusedError, UnreachableError
from peekd.records.entries import RequestRecord

MOST_RECORDS = 500
"""How many requests the daemon is asked for; sums over a minute with more are told as "at least"."""

PageT = TypeVar("PageT")
_QUIT = frozenset("qQ\x03\x04\x1b")


class _Accounts(msgspec.Struct):
    accounts: tuple[AccountState, ...]


class _Requests(msgspec.Struct):
    requests: tuple[RequestRecord, ...]


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--once", action="store_true", help="print what there is now, and end")
    parser.add_argument("--json", action="store_true", help="the same as data")
    parser.add_argument(
        "--every", type=float, default=1.0, metavar="SECONDS", help="how often to look anew (1)"
    )
    add_daemon_options(parser)


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Show it until q or Ctrl-C; `--once`, `--json` or a pipe: one time."""
    daemon, paint = find_daemon(arguments, environ), paint_for(sys.stdout, environ)
    seen = look(daemon, time.time())
    if arguments.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(seen)).decode() + "\n")
    elif arguments.once or not (sys.stdout.isatty() and sys.stdin.isatty()):
        sys.stdout.writelines(f"{line}\n" for line in told(seen, time.time(), paint))
    else:
        with open_screen(sys.stdin.fileno(), sys.stdout.fileno()) as screen:
            try:
                _watch(screen, daemon, paint, max(0.1, arguments.every))
            except KeyboardInterrupt:
                return 0
    return 0


def look(daemon: Daemon, now: float) -> Glance:
    """Ask the daemon how it is. Raises UnreachableError, RefusedError."""
    accounts = _read(ask(daemon, "/api/accounts"), _Accounts).accounts
    records = _read(ask(daemon, f"/api/requests?limit={MOST_RECORDS}"), _Requests).requests
    return glance(accounts, records, now, MOST_RECORDS)


def _read(body: bytes, kind: type[PageT]) -> PageT:
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"what answers there is not this version of peekd: {error}") from error


def _watch(screen: Screen, daemon: Daemon, paint: Paint, every: float) -> None:
    while True:
        screen.draw(_page(daemon, paint, screen.size))
        if _QUIT.intersection(screen.wait(every)):
            return


def _page(daemon: Daemon, paint: Paint, size: tuple[int, int]) -> Sequence[str]:
    """Give a screenful; a daemon that is gone may come back."""
    now = time.time()
    head = f"peekd top  {daemon.target.name}  {time.strftime('%H:%M:%S', time.localtime(now))}  q: leave"
    lines = [head[: size[0]]]
    try:
        lines += told(look(daemon, now), now, paint, (size[0], size[1] - 1))
    except (UnreachableError, RefusedError) as error:
        lines += [line[: size[0]] for line in str(error).splitlines()]
    return lines
