"""peekd accounts: how each account stands, asked of the daemon that runs; and what a hand can do to one."""

from __future__ import annotations

import sys
import time
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote

import msgspec

from peekd.cli import accounts_import
from peekd.cli.asking import add_daemon_options, ask, find_daemon
from peekd.cli.paint import Paint, columns, paint_for, plain, span
from peekd.cli.unanswered import RefusedError

SWITCHES: Mapping[str, str] = {
    "enable": "let an account serve",
    "disable": "keep an account from serving until it is enabled; what it does now goes on",
    "reset": "forget an account's cooldowns and failures: it is asked again at once",
}
_DONE: Mapping[str, str] = {"enable": "enabled", "disable": "disabled", "reset": "reset"}
_TITLES = ("account", "state", "back", "running", "asked", "good")
_ERROR_CHARACTERS = 200

_GOOD = frozenset({"ready", "busy"})
_BAD = frozenset({"to_mend", "disabled"})


AnswerT = TypeVar("AnswerT")


class Model(msgspec.Struct):
    """A model of an account that stands worse than the account itself."""

    model: str
    state: str
    cause: str = ""
    seconds: float = 0.0


class Account(msgspec.Struct):
    """What the daemon tells of an account. `seconds` are left of what keeps it from being ready."""

    name: str
    upstream: str
    state: str
    in_flight: int
    cause: str = ""
    seconds: float = 0.0
    because: str = ""
    models: tuple[Model, ...] = ()
    requests: int = 0
    success_rate: float | None = None
    last_error: str = ""
    last_error_at: float | None = None


class Reading(msgspec.Struct):
    """How the daemon last read its settings."""

    file: str = ""
    faults: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()


class Listing(msgspec.Struct):
    """The daemon's answer."""

    accounts: tuple[Account, ...]
    settings: Reading = msgspec.field(default_factory=Reading)


class Switched(msgspec.Struct):
    """The daemon's answer where one was switched."""

    account: Account


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes: alone it lists; each action is a word, with a name."""
    parser.add_argument("--json", action="store_true", help="what the daemon says, as JSON")
    add_daemon_options(parser)
    parser.set_defaults(act=_list)
    actions = parser.add_subparsers(metavar="ACTION", title="actions")
    for verb, words in SWITCHES.items():
        # What is not said after the action is as it was said before it.
        action = actions.add_parser(verb, help=words, description=words, argument_default=SUPPRESS)
        action.add_argument("name", metavar="NAME", help="the account's name")
        action.add_argument("--json", action="store_true", help="how it stands then, as JSON")
        add_daemon_options(action)
        action.set_defaults(act=_switch, verb=verb)
    words = "make [[accounts]] of a list of accounts, or of Google credential files"
    action = actions.add_parser("import", help=words, description=words, argument_default=SUPPRESS)
    accounts_import.add_options(action)
    action.set_defaults(act=accounts_import.run)


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Do what is asked."""
    code: int = arguments.act(arguments, environ)
    return code


def _switch(arguments: Namespace, environ: Mapping[str, str]) -> int:
    path = f"/api/accounts/{quote(arguments.name, safe='')}/{arguments.verb}"
    body = ask(find_daemon(arguments, environ), path, "POST")
    account = _read(body, Switched).account
    if arguments.json:
        _write(body)
    else:
        done, state = _DONE[arguments.verb], _word(account.state)
        now = f": now {state}" if state != done else ""
        sys.stdout.write(f"{plain(account.name)} is {done}{now}\n")
    return 0


def _list(arguments: Namespace, environ: Mapping[str, str]) -> int:
    body = ask(find_daemon(arguments, environ), "/api/accounts")
    listing = _read(body, Listing)
    if arguments.json:
        _write(body)
    else:
        sys.stdout.write(listed(listing, time.time(), paint_for(sys.stdout, environ)))
    return 0


def _write(body: bytes) -> None:
    sys.stdout.write(msgspec.json.format(body).decode() + "\n")


def _read(body: bytes, kind: type[AnswerT]) -> AnswerT:
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"what answers there is not this version of peekd: {error}") from error


# ---- for a person ------------------------------------------------------------------------------------


def listed(listing: Listing, now: float, paint: Paint) -> str:
    """Write the accounts as a table, with a line below each that has something to tell."""
    lines = list(_table(listing.accounts, now, paint)) if listing.accounts else ["no account"]
    lines += [f"{paint.bad('fault')}: {plain(fault)}" for fault in listing.settings.faults]
    if listing.settings.faults:
        lines.append("the settings before these are in force; `peekd check` tells more")
    lines += [f"{paint.warn('restart')}: {plain(name)} has changed" for name in listing.settings.restart]
    return "\n".join(lines) + "\n"


def _table(accounts: Sequence[Account], now: float, paint: Paint) -> Iterator[str]:
    rows = [_row(account) for account in accounts]
    head, *lines = columns([_TITLES, *rows])
    yield paint.head(head)
    for account, line in zip(accounts, lines, strict=True):
        yield _painted(account, line, paint)
        yield from (paint.dim(f"  {words}") for words in _notes(account, now))


def _row(account: Account) -> tuple[str, ...]:
    rate = "-" if account.success_rate is None else f"{account.success_rate:.0%}"
    return (
        plain(account.name),
        _word(account.state),
        _until(account.state, account.seconds),
        str(account.in_flight),
        str(account.requests),
        rate,
    )


def _word(state: str) -> str:
    return plain(state.replace("_", " "))


def _until(state: str, seconds: float) -> str:
    if state == "disabled":
        return "by hand"
    return f"in {span(seconds)}" if seconds > 0 else "-"


def _painted(account: Account, line: str, paint: Paint) -> str:
    if account.state in _GOOD:
        return paint.good(line)
    return paint.bad(line) if account.state in _BAD else paint.warn(line)


def _notes(account: Account, now: float) -> Iterator[str]:
    """Tell why it stands so, what the last error was, and which models stand worse than it does."""
    if account.because or account.cause:
        yield plain(account.because or account.cause)
    if account.last_error:
        ago = "" if account.last_error_at is None else f", {span(now - account.last_error_at)} ago"
        yield f"last error{ago}: {plain(account.last_error)[:_ERROR_CHARACTERS]}"
    for one in account.models:
        until = _until(one.state, one.seconds)
        yield f"{plain(one.model)}: {_word(one.state)}, {plain(one.cause)}, {until}"
