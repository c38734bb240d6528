"""Let real coding agents and SDKs work through `peekd serve`, each before each kind of upstream.

Run by `./dev agents`, and no part of the test run: it fetches them with npm. It prints one line for each
pair, PASS or FAIL, and ends with 0 only if all passed. Once they are installed it goes on without a network,
where the system lets it (unshare(1)); so what an agent asks of others than peekd, it does not get.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from programs.agents import AGENTS, Agent
from programs.daemon import FAULTS, MODELS, WELL, serve
from programs.npm import NODE, Unable, install, node_is_old, said, version
from programs.process import fence, raise_loopback
from programs.sdks import SDKS, Sdk
from programs.session import Amiss

TREE = Path(__file__).parents[2]
RECORD = TREE / "docs/recorded/agents.md"
CLIENTS: tuple[Agent | Sdk, ...] = (*AGENTS, *SDKS)
WORST = 3
"""The mildest PRIORITY of a line in peekd's journal that fails a session: err, of syslog(3)."""


@dataclass(frozen=True)
class Row:
    """One client before one upstream, and what came of it; `amiss` is empty where all went well."""

    client: str
    upstream: str
    seconds: float
    amiss: str

    def line(self) -> str:
        """Give the line that is printed."""
        passed = "FAIL" if self.amiss else "PASS"
        return f"{passed}  {self.client:20} {self.upstream:18} {self.seconds:5.1f} s  {self.amiss}".rstrip()


def play(
    place: Path, clients: Sequence[Agent | Sdk], upstreams: Sequence[str], script: str
) -> Generator[Row]:
    """Let each client work before each upstream, which plays the script; give the rows as they come."""
    for upstream in upstreams:
        try:
            with serve(upstream, script, place) as address:
                for client in clients:
                    began = time.monotonic()
                    amiss = one(client, address, place / f"{upstream}.log", script)
                    yield Row(client.name, upstream, time.monotonic() - began, amiss)
        except Unable as reason:
            for client in clients:
                yield Row(client.name, upstream, 0, " ".join(str(reason).split()))


def one(client: Agent | Sdk, address: str, journal: Path, script: str) -> str:
    """Let one client work; say in one line what went amiss, with it or in peekd's journal."""
    before, place = journal.stat().st_size, journal.parent
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as home:
        try:
            client.work(place / "npm/node_modules/.bin", address, Path(home))
        except Amiss as reason:
            return " ".join(str(reason).split())
    with journal.open() as told:
        told.seek(before)
        entries = [json.loads(line) for line in told if line.startswith("{")]
    errors = [entry["MESSAGE"] for entry in entries if int(entry["PRIORITY"]) <= WORST]
    if script == FAULTS and not any(entry.get("PEEKD_ATTEMPT") == "2" for entry in entries):
        errors.append("no fault was healed")
    return " ".join(["peekd:", *errors]) if errors else ""


def table(rows: Sequence[Row]) -> str:
    """Give a table of clients and upstreams, and below it why any failed."""
    told = f"| client | {' | '.join(MODELS)} |\n|---|{'---|' * len(MODELS)}\n"
    for client in CLIENTS:
        found = [row for row in rows if row.client == client.name]
        cells = [f"{'FAIL' if row.amiss else 'PASS'}, {row.seconds:.1f} s" for row in found]
        told += f"| {' | '.join([client.name, *cells])} |\n"
    failed = [f"- {row.client} before {row.upstream}: {row.amiss}\n" for row in rows if row.amiss]
    return "\n".join([told, *failed])


def write_record(place: Path, well: Sequence[Row], faulty: Sequence[Row]) -> None:
    """Write the page of docs/ from what was seen."""
    packages = dict.fromkeys(client.package for client in CLIENTS)
    installed = "".join(
        f"| {package.rpartition('@')[0]} | {version(place / 'npm', package)} |\n" for package in packages
    )
    RECORD.write_text(
        "# Agents and SDKs before each upstream, as recorded\n\n"
        "Made by `./dev agents --record`, which anyone can repeat: it installs each client from npm, starts\n"
        "`peekd serve` before peekd's simulator, and lets each client work before each kind of upstream.\n"
        "[Agents](../agents.md) says how each is set up, and what it must do to pass.\n\n"
        f"{time.strftime('%Y-%m-%d')}, {sys.platform}. Across: the upstream's protocol.\n\n"
        f"| package | version |\n|---|---|\n{installed}\n"
        f"## Before an upstream that is well\n\n{table(well)}\n"
        f"## Before one whose every other attempt fails\n\n{table(faulty)}"
    )


def options_of(names: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./dev agents", description="Real clients before each upstream.")
    parser.add_argument("--only", action="append", metavar="CLIENT", choices=names, help=", ".join(names))
    parser.add_argument("--upstream", action="append", choices=[*MODELS])
    parser.add_argument("--faults", action="store_true", help="let every other attempt fail")
    parser.add_argument("--record", action="store_true", help="all of it, and write docs/recorded/agents.md")
    parser.add_argument("--installed", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--fenced", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.record and (options.only or options.upstream or options.faults):
        parser.error("--record goes with the whole run")
    return options


def main() -> int:
    """Install, then begin anew behind the fence; there, play and tell."""
    names = [client.name for client in CLIENTS]
    options = options_of(names)
    clients = [client for client in CLIENTS if client.name in (options.only or names)]
    if options.installed is None:
        return begin(clients)
    if options.fenced:
        raise_loopback()
    scripts = [WELL, FAULTS] if options.record else [FAULTS if options.faults else WELL]
    played: list[list[Row]] = []
    for script in scripts:
        played.append([])
        for row in play(options.installed, clients, options.upstream or [*MODELS], script):
            played[-1].append(row)
            print(row.line(), flush=True)
    passed = [not row.amiss for rows in played for row in rows]
    print(f"{sum(passed)} of {len(passed)} passed")
    if options.record:
        write_record(options.installed, *played)
        said("recorded in", str(RECORD.relative_to(TREE)))
    return int(not all(passed))


def begin(clients: Sequence[Agent | Sdk]) -> int:
    """Install, and run this script again without a network."""
    with tempfile.TemporaryDirectory(prefix="peekd-agents-", ignore_cleanup_errors=True) as name:
        packages = dict.fromkeys(client.package for client in clients)
        try:
            install(Path(name) / "npm", [*packages, *([NODE] if node_is_old() else [])])
        except Unable as reason:
            said("this run cannot be made here:", str(reason))
            return 1
        words = fence()
        said("without a network from here on" if words else "unshare(1) cannot take the network away here")
        inner = ["--installed", name, *(["--fenced"] if words else [])]
        again = [*words, sys.executable, __file__, *sys.argv[1:], *inner]
        return subprocess.run(again, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
