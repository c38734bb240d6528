"""Processes that the benchmark starts: each bound to one core, and ended with the block that it is for."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

START_SECONDS = 30.0
STOP_SECONDS = 10.0
WORDS = 2000


class NotStarted(Exception):
    """A program that ended, or was not ready in time; with its last words."""


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def allow_descriptors() -> None:
    """Let this process, and all that it starts, open as many descriptors as the system allows at all."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def go_ahead() -> None:
    """Let this process, and all that it starts, go before others on the same core. Raises PermissionError.

    It is done by the class of real-time programs, for where sessions are scheduled as groups (sched(7),
    autogroup) a nice value counts only within its own.
    """
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(os.sched_get_priority_min(os.SCHED_RR)))


def core_of(number: int) -> int:
    """The number-th core that we may use; where there are too few, one again."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[number % len(cores)]


@contextmanager
def running(
    command: list[str],
    *,
    core: int,
    env: Mapping[str, str] | None = None,
    log: IO[bytes] | None = None,
    talks: bool = True,
) -> Generator[subprocess.Popen[bytes]]:
    """Run a process on one core, where there are several, until the block ends.

    `log` takes its stderr; its stdout is to be read, unless it `talks` to nobody: then `log` takes it too.
    """
    stdout = subprocess.PIPE if talks else log
    with subprocess.Popen(command, stdout=stdout, stderr=log, env=env) as process:
        os.sched_setaffinity(process.pid, {core_of(core)})
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def said_port(process: subprocess.Popen[bytes]) -> int:
    """The port that is its first line on stdout."""
    assert process.stdout is not None  # noqa: S101  `running` asks for it
    try:
        return int(process.stdout.readline())
    except ValueError:
        raise NotStarted("it ended before it said its port; its words are above") from None


def wait_ready(
    process: subprocess.Popen[bytes],
    port: int,
    log: Path,
    *,
    path: str = "/readyz",
    seconds: float = START_SECONDS,
) -> float:
    """Seconds until this path is answered well. Raises NotStarted."""
    url = f"http://127.0.0.1:{port}{path}"
    began = time.perf_counter()
    while time.perf_counter() - began < seconds and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1.0):
                return time.perf_counter() - began
        except OSError:  # refused, reset, or a 503
            time.sleep(0.005)
    words = log.read_text(errors="replace")[-WORDS:]
    raise NotStarted(f"{words}\nit did not start (exit status {process.poll()})")
