"""What is measured: each system, started before the upstream on its own core, and what it can translate."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from asks import KEY
from costs import family, resident_mb
from interpreter import python
from processes import free_port, running, said_port, wait_ready

HERE = Path(__file__).resolve().parent
TREE = HERE.parent
IDLE_SECONDS = 1.0
LOAD_CORE, SYSTEM_CORE = 1, 0
STATE = ("HOME", "XDG_STATE_HOME", "STATE_DIRECTORY")
"""Variables that lead to a state directory."""

CONFIG = """
[server]
bind = ["127.0.0.1:{port}"]
auth = "strict"
client_keys = ["env:BENCH_CLIENT_KEY"]
max_connections_per_address = 8192
[logs]
level = "{level}"

[upstreams.anthropic]
protocol = "anthropic"
base_url = "http://127.0.0.1:{upstream}"
max_connections = 8192
[upstreams.google]
protocol = "gemini"
base_url = "http://127.0.0.1:{upstream}"
max_connections = 8192

[[accounts]]
name = "bench-anthropic"
upstream = "anthropic"
credential = "env:BENCH_KEY"
[[accounts]]
name = "bench-google"
upstream = "google"
credential = "env:BENCH_KEY"

[[routes]]
match = "claude-*"
to = ["anthropic"]
[[routes]]
match = "gemini-*"
to = ["google"]
"""
"""All that peekd does while it serves is on: what is not named here is on by default."""


class Flow(NamedTuple):
    """A way through a system: what the client speaks, what the upstream speaks, and whose model it is."""

    client: str
    upstream: str
    family: str


FLOWS = {
    "pass": Flow("anthropic", "anthropic", "claude"),
    "gemini": Flow("anthropic", "gemini", "gemini"),
    "chat": Flow("chat", "anthropic", "claude"),
}


class Place(NamedTuple):
    """A running system: where to ask, whose CPU it costs, seconds until it was ready, MB it holds idle."""

    port: int
    pids: Sequence[int]
    start: float = 0.0
    idle: float = 0.0


Opener = Callable[[int], AbstractContextManager[Place]]


class System(NamedTuple):
    """A kind of system, and how to start one before the upstream on this port."""

    name: str
    open: Opener
    flows: frozenset[str] = frozenset(FLOWS)
    """The ways that it can go; one that translates nothing goes each way in the upstream's own language."""
    translates: bool = True
    model: str = "{model}"
    """How it is asked for a model of a family."""
    most: int = 1000
    """How many streams it is asked to hold at once."""
    slow_start: bool = False
    """It is started only once."""

    def tongue(self, flow: str) -> str:
        """What a client speaks with it."""
        way = FLOWS[flow]
        return way.client if self.translates else way.upstream


@contextmanager
def open_upstream() -> Generator[Place]:
    """Run the upstream."""
    with running([sys.executable, str(HERE / "upstream.py")], core=LOAD_CORE) as process:
        yield Place(said_port(process), (process.pid,))


@contextmanager
def open_direct(upstream: int) -> Generator[Place]:
    """No system at all: the upstream itself."""
    yield Place(upstream, ())


@contextmanager
def open_relay(upstream: int) -> Generator[Place]:
    """Run the bare relay."""
    began = time.perf_counter()
    with running([python(), str(HERE / "relay.py"), str(upstream)], core=SYSTEM_CORE) as process:
        port = said_port(process)
        start = time.perf_counter() - began
        yield Place(port, (process.pid,), start, resting(process.pid))


@contextmanager
def open_stack(upstream: int) -> Generator[Place]:
    """Run the stack alone: what peekd stands on, and nothing that it is for."""
    began = time.perf_counter()
    env = {**os.environ, "PYTHONPATH": str(TREE / "daemon")}
    command = [python(), str(HERE / "stack.py"), str(upstream)]
    with running(command, core=SYSTEM_CORE, env=env) as process:
        port = said_port(process)
        start = time.perf_counter() - began
        yield Place(port, (process.pid,), start, resting(process.pid))


def peekd_command(
    upstream: int, place: Path, *, ledger: bool = True, level: str = "info", tree: Path = TREE
) -> tuple[int, list[str], dict[str, str]]:
    """The port, the command and the environment of a `peekd serve`, whose settings are put into `place`."""
    port, config = free_port(), place / "peekd.toml"
    config.write_text(CONFIG.format(port=port, upstream=upstream, level=level))
    env = {name: value for name, value in os.environ.items() if name not in STATE}
    env |= {
        "BENCH_KEY": "none",
        "BENCH_CLIENT_KEY": KEY,
        "PYTHONPATH": str(tree / "daemon"),
        **({"STATE_DIRECTORY": str(place)} if ledger else {}),
    }
    return port, [python(), "-m", "peekd", "serve", "--config", str(config)], env


@contextmanager
def open_peekd(
    upstream: int, *, ledger: bool = True, level: str = "info", tree: Path = TREE
) -> Generator[Place]:
    """Run `peekd serve` of this source tree, whichever is installed, or of another. Raises NotStarted.

    Without a ledger it has no place to keep anything. `level`: of its journal.
    """
    with tempfile.TemporaryDirectory() as name, Path(name, "log").open("wb") as log:
        port, command, env = peekd_command(upstream, Path(name), ledger=ledger, level=level, tree=tree)
        with running(command, core=SYSTEM_CORE, env=env, log=log) as process:
            start = wait_ready(process, port, Path(name, "log"))
            yield Place(port, family(process.pid), start, resting(process.pid))


def peekd_of(tree: Path) -> System:
    """The peekd of another source tree, to be measured beside this one; its libraries are ours."""
    return System(f"peekd of {tree.resolve().name}", partial(open_peekd, tree=tree.resolve()))


def resting(pid: int) -> float:
    """Megabytes that a process and its children hold when they have had a moment to settle."""
    time.sleep(IDLE_SECONDS)
    return resident_mb(*family(pid))


OWN = (
    System("direct", open_direct, translates=False),
    System("relay", open_relay, translates=False),
    System("stack", open_stack, frozenset({"pass"}), translates=False),
    System("peekd", open_peekd),
)
"""What is always measured."""
