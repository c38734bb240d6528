"""peekd accounts import: [[accounts]] tables for a list of accounts, or for files of Google credentials.

Secrets go into files of their own that nobody else can read, and never into what is printed. Nothing is ever
overwritten, and where one entry is at fault nothing is written at all.
"""

from __future__ import annotations

import os
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from peekd.cli.codes import DONE, FAILED
from peekd.cli.import_sources import Candidate, read_client, read_sources
from peekd.config.load import Loaded, load_settings
from peekd.config.reference import toml_text
from peekd.upstream.settings import UpstreamSettings
from peekd.vocabulary.errors import OperatorError

FOLDER = "accounts"
"""Where secrets are kept unless --secrets says otherwise: beside the file of settings."""


class Account(msgspec.Struct, frozen=True):
    """One account to add. `file`: where its secret is kept; "" where it needs none of ours."""

    name: str
    upstream: str
    credential: str
    source: str
    file: str = ""
    settings: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


class Report(msgspec.Struct, frozen=True):
    """What `--json` gives; no secret is in it."""

    accounts: tuple[Account, ...] = ()
    skipped: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    written: tuple[str, ...] = ()


def add_options(parser: ArgumentParser) -> None:
    """Say what the command takes; `--config` and `--json` may stand before it, too."""
    parser.add_argument(
        "sources", nargs="+", metavar="SOURCE", help="a JSON list of accounts, or Google credential files"
    )
    parser.add_argument("--config", metavar="FILE", help="the settings that the accounts are to be added to")
    parser.add_argument(
        "--upstream", default=None, metavar="NAME", help="where they belong, unless an entry says so"
    )
    parser.add_argument(
        "--client", default=None, metavar="FILE", help="the OAuth client whose refresh tokens they are"
    )
    parser.add_argument(
        "--secrets", default=None, metavar="DIR", help="where secrets are kept, each in a file of its own"
    )
    parser.add_argument(
        "--output", default=None, metavar="FILE", help="write the tables there; it must not exist"
    )
    parser.add_argument(
        "--dry-run", default=False, action="store_true", help="write nothing, only say what would be"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Import. 1: an entry is at fault, or a file is in the way; then nothing was written."""
    loaded = load_settings(arguments.config, environ)
    folder = Path(arguments.secrets or loaded.file_to_edit.parent / FOLDER).expanduser().absolute()
    client = read_client(arguments.client) if arguments.client else None
    found, faults = read_sources(arguments.sources, client, environ)
    plan = _Plan(loaded, folder, arguments.upstream or "")
    for candidate in found:
        plan.take(candidate)
    tables = "\n".join(map(table_of, plan.accounts))
    report = Report(tuple(plan.accounts), tuple(plan.skipped), (*faults, *plan.faults))
    output = Path(arguments.output).expanduser() if arguments.output else None
    if output is not None and output.exists():
        report = msgspec.structs.replace(report, faults=(*report.faults, f"{output}: it exists already"))
    if not report.faults and not arguments.dry_run:
        report = msgspec.structs.replace(report, written=_written(plan, folder, output, tables))
    _tell(report, "" if output is not None else tables, as_json=arguments.json)
    return FAILED if report.faults else DONE


class _Plan:
    """Accounts to add, beside those that there are."""

    def __init__(self, loaded: Loaded, folder: Path, upstream: str) -> None:
        settings = loaded.settings
        self.accounts: list[Account] = []
        self.secrets: dict[str, str] = {}
        self.skipped: list[str] = []
        self.faults: list[str] = []
        self._folder = folder
        self._upstreams = settings.upstreams
        self._upstream = upstream
        self._known = {account.name for account in settings.accounts}
        self._names: dict[str, str] = {}
        self._references = {account.credential for account in settings.accounts}
        self._identities: dict[str, str] = {}

    def take(self, candidate: Candidate) -> None:
        """Add one; what is there already is skipped, what cannot be added is a fault."""
        if candidate.credential in self._references:
            self.skipped.append(f"{candidate.where}: {candidate.name} is in the settings already")
            return
        if candidate.identity and candidate.identity in self._identities:
            before = self._identities[candidate.identity]
            self.skipped.append(f"{candidate.where}: {candidate.name} has the same credential as {before}")
            return
        if candidate.name in self._known:
            self.skipped.append(f"{candidate.where}: an account {candidate.name} is in the settings already")
            return
        if candidate.name in self._names:
            before = self._names[candidate.name]
            self.faults.append(f"{candidate.where}: {before} is named {candidate.name}, too")
            return
        upstream = candidate.settings.get("upstream") or self._upstream or self._only(candidate)
        if upstream not in self._upstreams:
            known = ", ".join(self._upstreams) or "none is configured"
            said = f"no upstream {upstream}" if upstream else "of which upstream is it? Give --upstream"
            self.faults.append(f"{candidate.where}: {said} ({known})")
            return
        self._names[candidate.name] = candidate.where
        self._identities[candidate.identity] = candidate.where
        self._add(candidate, upstream)

    def _add(self, candidate: Candidate, upstream: str) -> None:
        credential, file = candidate.credential, ""
        if candidate.secret:
            path = self._folder / _file_name(candidate)
            number = 1
            while str(path) in self.secrets:
                number += 1
                path = path.with_stem(f"{path.stem}-{number}")
            file = str(path)
            self.secrets[file] = candidate.secret
            credential = f"{'google' if candidate.is_google else 'file'}:{file}"
            if path.exists():
                self.faults.append(f"{candidate.where}: {file} exists already")
        more = {key: value for key, value in candidate.settings.items() if key != "upstream"}
        account = Account(candidate.name, upstream, credential, candidate.where, file, more)
        self.accounts.append(account)

    def _only(self, candidate: Candidate) -> str:
        """Give the one upstream that can be meant; "" where there are more, or none."""
        fit = [name for name, one in self._upstreams.items() if not candidate.is_google or _is_google(one)]
        return fit[0] if len(fit) == 1 else ""


def _is_google(upstream: UpstreamSettings) -> bool:
    return upstream.protocol == "gemini" or upstream.platform is not None


def _file_name(candidate: Candidate) -> str:
    """Name a secret's file after its account.

    >>> _file_name(Candidate("list, entry 1", "../alice@example.com", {}, secret="sk-1"))
    'alice@example.com.key'
    """
    name = re.sub(r"[^A-Za-z0-9@._+-]", "_", candidate.name).lstrip("._-") or "account"
    return f"{name}.{'json' if candidate.is_google else 'key'}"


def table_of(account: Account) -> str:
    """Write one account as TOML.

    >>> print(table_of(Account("a", "google", "google:/k/a.json", "list", settings={"weight": 2})), end="")
    [[accounts]]
    name = "a"
    upstream = "google"
    credential = "google:/k/a.json"
    weight = 2
    """
    values = {"name": account.name, "upstream": account.upstream, "credential": account.credential}
    values |= dict(sorted(account.settings.items()))
    rows = [f"{key} = {toml_text(_listed(value))}" for key, value in values.items()]
    return "\n".join(["[[accounts]]", *rows, ""])


def _listed(value: object) -> object:
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value


# ---- writing ------------------------------------------------------------------------------------


def _written(plan: _Plan, folder: Path, output: Path | None, tables: str) -> tuple[str, ...]:
    """Write secrets and tables; what was written is taken away again where the rest cannot be.

    Raises OperatorError.
    """
    written: list[str] = []
    try:
        if plan.secrets:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, secret in plan.secrets.items():
            _create(Path(file), secret, 0o600)
            written.append(file)
        if output is not None:
            _create(output, tables, 0o644)
            written.append(str(output))
    except OSError as fault:
        for file in written:
            Path(file).unlink(missing_ok=True)
        raise OperatorError(f"{fault.filename or folder}: {fault.strerror}") from fault
    return tuple(written)


def _create(path: Path, text: str, mode: int) -> None:
    """Write a file that was not there. Its mode is its own from the first moment on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{text.rstrip()}\n")


# ---- telling ------------------------------------------------------------------------------------


def _tell(report: Report, tables: str, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report)).decode() + "\n")
        return
    sys.stdout.write("" if report.faults else tables)
    _note(("skipped", report.skipped), ("at fault", report.faults), ("written", report.written))


def _note(*groups: tuple[str, Sequence[str]]) -> None:
    for title, lines in groups:
        sys.stderr.writelines(f"{title}: {line}\n" for line in lines)
