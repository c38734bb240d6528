"""peekd check: which settings are in force, what is wrong or unwise in them, and whether upstreams answer."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

import msgspec

from peekd.cli.codes import CONFIGURATION, DONE, FAILED
from peekd.cli.paint import Paint, columns, paint_for, plain
from peekd.cli.reach import Progress, Reached, reach_all
from peekd.config.cautions import cautions
from peekd.config.load import Loaded, load_settings
from peekd.vocabulary.errors import OperatorError


class Upstream(msgspec.Struct):
    """What is told of an upstream; its proxy may hold a password, and is not."""

    name: str
    protocol: str
    base_url: str


class Account(msgspec.Struct):
    """What is told of an account; a credential is told by its reference, which is no secret."""

    name: str
    upstream: str
    credential: str
    disabled: bool


class Route(msgspec.Struct):
    """What is told of a route."""

    match: str
    to: tuple[str, ...]


class Report(msgspec.Struct, omit_defaults=True):
    """What `--json` gives. `file` "": there is none, and the first of `searched` is the one to make."""

    file: str
    searched: tuple[str, ...]
    variables: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    bind: tuple[str, ...] = ()
    upstreams: tuple[Upstream, ...] = ()
    accounts: tuple[Account, ...] = ()
    routes: tuple[Route, ...] = ()
    reached: tuple[Reached, ...] = ()


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--config", metavar="FILE", help="the settings to read")
    parser.add_argument(
        "--connect",
        action="store_true",
        help="also ask each upstream with each account's credential for its models, which costs nothing",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Print what is found. 78: a fault in the settings; 1: an upstream or a credential is out of reach."""
    try:
        loaded = load_settings(arguments.config, environ)
    except OperatorError as error:
        if not arguments.json:
            raise
        _write(msgspec.json.encode(Report("", (), faults=error.faults)))
        return CONFIGURATION
    reached: list[Reached] = []
    if arguments.connect:
        reached = reach_all(loaded.settings, environ, progress_on(sys.stderr))
    report = report_of(loaded, reached)
    if arguments.json:
        _write(msgspec.json.encode(report))
    else:
        sys.stdout.write(told(report, loaded, paint_for(sys.stdout, environ)))
    return DONE if all(one.ok for one in reached) else FAILED


def progress_on(stream: TextIO) -> Progress:
    """Tell on a terminal how far it is, in one line that goes away; elsewhere tell nothing."""

    def tell(done: int, count: int) -> None:
        if stream.isatty():
            stream.write(f"\r\x1b[Ktried {done} of {count}" if done < count else "\r\x1b[K")
            stream.flush()

    return tell


def _write(body: bytes) -> None:
    sys.stdout.write(msgspec.json.format(body).decode() + "\n")


def report_of(loaded: Loaded, reached: Sequence[Reached] = ()) -> Report:
    """Gather what is told."""
    settings = loaded.settings
    return Report(
        file=str(loaded.source_path or ""),
        searched=tuple(str(path) for path in loaded.searched),
        variables=loaded.variables,
        cautions=tuple(cautions(settings)),
        bind=settings.server.bind,
        upstreams=tuple(
            Upstream(name, one.protocol, one.address) for name, one in settings.upstreams.items()
        ),
        accounts=tuple(
            Account(one.name, one.upstream, one.credential, one.disabled) for one in settings.accounts
        ),
        routes=tuple(Route(one.match, one.to) for one in settings.routes),
        reached=tuple(reached),
    )


def told(report: Report, loaded: Loaded, paint: Paint) -> str:
    """Write the report for a person."""
    lines = [*_sources(report, loaded), f"listens on {', '.join(report.bind)}", ""]
    for title, rows in _tables(report):
        lines += [paint.head(title), *(f"  {line}" for line in columns(rows))] if rows else [f"no {title}"]
    if report.reached:
        rows = [(one.what, "ok" if one.ok else "failed", plain(one.words)) for one in report.reached]
        marked = zip(columns(rows), report.reached, strict=True)
        lines += [paint.head("reached")]
        for line, one in marked:
            lines.append(f"  {paint.good(line) if one.ok else paint.bad(line)}")
            lines += [f"    → {plain(one.advice)}"] if one.advice else []
    lines += ["", *(f"{paint.warn('caution')}: {caution}" for caution in report.cautions)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _sources(report: Report, loaded: Loaded) -> Iterator[str]:
    if report.file:
        yield f"settings from {report.file}"
    else:
        yield f"settings: the defaults; no file at {' or '.join(report.searched)}"
        yield f"the file to make is {loaded.file_to_edit}"
    if report.variables:
        yield f"and from {', '.join(f'${name}' for name in report.variables)}"


def _tables(report: Report) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    yield "upstreams", [(one.name, one.protocol, one.base_url) for one in report.upstreams]
    yield "accounts", [_account_row(one) for one in report.accounts]
    yield "routes", [(plain(one.match), f"→ {plain(', '.join(one.to))}") for one in report.routes]


def _account_row(account: Account) -> tuple[str, ...]:
    state = "disabled" if account.disabled else ""
    return account.name, f"at {account.upstream}", account.credential or "no credential", state
