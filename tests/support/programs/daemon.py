"""A peekd of this tree in a process of its own, on a free loopback port, for as long as it is wanted."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from programs.npm import Unable

START_SECONDS, STOP_SECONDS = 20, 30
WELL, FAULTS = "well", str(Path(__file__).parent / "faults.toml")
PEEKD = Path(sys.executable).parent / "peekd"
SETTINGS = """
[server]
bind = ["127.0.0.1:{port}"]

[upstreams.sim]
protocol = "{protocol}"
base_url = "simulator:{script}"

[[accounts]]
name = "first"
upstream = "sim"
credential = "env:UPSTREAM_KEY"

[[accounts]]
name = "second"
upstream = "sim"
credential = "env:UPSTREAM_KEY"

[[routes]]
match = "{own}"
to = ["sim"]

[[routes]]
match = "*"
to = ["sim/{model}"]
"""
"""Models of the upstream's own maker go through as asked for, all others as one that it has."""
MODELS = {
    "anthropic": ("claude-*", "claude-sonnet-4-5"),
    "gemini": ("gemini-*", "gemini-3-pro-preview"),
    "openai-chat": ("gpt-*", "gpt-5"),
    "openai-responses": ("gpt-*", "gpt-5"),
}
"""By the upstream's protocol: whose models are its own, and the one that stands for all others."""


def free_port() -> int:
    """Give a port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def demo(log: Path) -> Generator[str]:
    """Run `peekd demo` and give its address; its words go to `log`. Raises Unable."""
    port = free_port()
    with running(["demo", "--port", str(port)], port, log) as address:
        yield address


@contextmanager
def serve(protocol: str, script: str, place: Path) -> Generator[str]:
    """Run `peekd serve` before a simulated upstream of this protocol; give its address. Raises Unable.

    `script`: what the simulator plays, `WELL` or `FAULTS`. Settings and journal lie in `place`, as
    PROTOCOL.toml and PROTOCOL.log.
    """
    port, config = free_port(), place / f"{protocol}.toml"
    own, model = MODELS[protocol]
    config.write_text(SETTINGS.format(port=port, protocol=protocol, script=script, own=own, model=model))
    with running(["serve", "--config", str(config)], port, place / f"{protocol}.log") as address:
        yield address


@contextmanager
def running(
    arguments: Sequence[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Generator[str]:
    """Run peekd with these arguments, which make it listen on this port; give its address. Raises Unable.

    `environment` goes before what is there, of which nothing of peekd's own is left.
    """
    address = f"http://127.0.0.1:{port}"
    there = {name: value for name, value in os.environ.items() if not name.startswith("PEEKD_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PEEKD, *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=there | {"UPSTREAM_KEY": "sim-first"} | dict(environment or {}),
        )
        try:
            _wait_alive(process, address, log)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _wait_alive(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Wait until it answers, or fail with what it said."""
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            with urlopen(f"{address}/healthz", timeout=2):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise Unable(f"peekd did not come up:\n{log.read_text()[-2000:]}")
