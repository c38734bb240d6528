"""What a request or an event costs in instructions: `./dev bench --instructions`, for a busy machine.

Processor time moves with whatever else a machine does; the instructions of user mode that a program executes
hardly do. valgrind's callgrind counts them, some fifty times slower than the program itself would run: so
what depends on time (flushes, deadlines) comes more often here, by two or three per cent. Two trees are
compared in one run (`--beside`). The kernel's part is not counted.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from having import NotInstalled
from jobs import Job
from measuring import do
from processes import NotStarted, running
from systems import FLOWS, SYSTEM_CORE, TREE, open_upstream, peekd_command

PATIENCE = 120.0
START_SECONDS = 180.0
SETTLE_SECONDS = 0.6
"""Until what was asked last is on disk."""

_TOTAL = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


class Load(NamedTuple):
    """`requests` with `events` in each answer (`rate` a second; 0: all at once), `at_once` of them."""

    name: str
    flow: str
    events: int
    requests: int
    at_once: int
    rate: int = 0

    @property
    def counted(self) -> int:
        """By how many what is counted is divided: requests, or events where there are many."""
        return self.requests * self.events

    @property
    def unit(self) -> str:
        """What that is."""
        return "event" if self.events > 1 else "request"


LOADS = (
    Load("request", "pass", 1, 200, 1),
    Load("request-gemini", "gemini", 1, 200, 1),
    Load("burst", "pass", 500, 24, 8),
    Load("burst-gemini", "gemini", 500, 24, 8),
    Load("burst-chat", "chat", 500, 24, 8),
    Load("paced", "pass", 100, 8, 8, rate=10),
    Load("paced-gemini", "gemini", 100, 8, 8, rate=10),
)
WARM = Load("warm", "pass", 1, 40, 1)


def tool() -> str:
    """Valgrind. Raises NotInstalled."""
    known = shutil.which("valgrind")
    if known is None or shutil.which("callgrind_control") is None:
        raise NotInstalled("valgrind is needed: apt-get install valgrind")
    return known


def called(names: Iterable[str]) -> list[Load]:
    """The loads so called, or whose names begin so; without names, all. Raises NotInstalled for none."""
    known, wanted = {load.name for load in LOADS}, list(names)
    found = [
        load
        for load in LOADS
        if not wanted
        or any(load.name == name if name in known else load.name.startswith(name) for name in wanted)
    ]
    if not found:
        raise NotInstalled(f"of these stages none can be counted: {', '.join(sorted(known))} can")
    return found


def told(tree: Path, load: Load, instructions: int) -> str:
    """A line of what was found."""
    each = instructions / load.counted / 1e3
    return f"{tree.name:<16}{load.name:<16}{each:10.2f} thousand instructions/{load.unit}\n"


def compare(trees: Iterable[Path], names: Iterable[str]) -> None:
    """Count each load in each tree, and print it. Raises NotInstalled, NotStarted, Failed."""
    loads = called(names)
    tool()
    for tree in trees:
        with open_upstream() as upstream, _counted(tree, upstream.port) as daemon:
            for load in loads:
                found = daemon.count(load) / load.counted / 1e3
                sys.stdout.write(
                    f"{tree.name:<16}{load.name:<16}{found:10.2f} thousand instructions/{load.unit}\n"
                )
                sys.stdout.flush()


class _Daemon:
    """A peekd under callgrind."""

    def __init__(self, pid: int, port: int, place: Path) -> None:
        self._pid, self._port, self._place = pid, port, place

    def count(self, load: Load) -> int:
        """How many instructions it executes for a load, once that is nothing new to it."""
        self._ask(load._replace(requests=WARM.requests if load.events == 1 else load.at_once))
        self._tell("--zero")
        known = set(self._place.glob("callgrind.*"))
        self._ask(load)
        self._tell("--dump")
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for made in sorted(set(self._place.glob("callgrind.*")) - known):
                if total := _TOTAL.search(made.read_text()):
                    return int(total[1])
            time.sleep(0.1)
        raise NotStarted("callgrind wrote nothing down")

    def _ask(self, load: Load) -> None:
        flow = FLOWS[load.flow]
        do(
            Job(
                port=self._port,
                tongue=flow.client,
                model=f"{flow.family}-sim-{load.events}-{load.rate}",
                requests=load.requests,
                at_once=load.at_once,
                patience=PATIENCE,
            )
        )
        time.sleep(SETTLE_SECONDS)

    def _tell(self, what: str) -> None:
        command = ["callgrind_control", what, str(self._pid)]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def _counted(tree: Path, upstream: int) -> Generator[_Daemon]:
    """Run a tree's peekd under callgrind. Raises NotStarted."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        port, command, env = peekd_command(upstream, place, tree=tree)
        env["PYTHONHASHSEED"] = "0"
        counting = [tool(), "--tool=callgrind", f"--callgrind-out-file={place / 'callgrind.out'}", *command]
        with (
            (place / "log").open("wb") as log,
            running(counting, core=SYSTEM_CORE, env=env, log=log, talks=False) as process,
        ):
            _await(port, process, place / "log")
            yield _Daemon(process.pid, port, place)


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until somebody listens there. Raises NotStarted."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise NotStarted(f"{log.read_text(errors='replace')[-2000:]}\nit did not start under valgrind")


def trees(beside: Path | None) -> list[Path]:
    """Ours, and another where one is named."""
    return [TREE, *([beside.resolve()] if beside else [])]
