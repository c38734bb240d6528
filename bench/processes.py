"""The processes of a benchmark: start them on a core each, wait until they serve, read what they cost."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

START_SECONDS = 30.0
STOP_SECONDS = 10.0
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: list[str], *, core: int, env: Mapping[str, str] | None = None, log: IO[bytes] | None = None
) -> Generator[subprocess.Popen[bytes]]:
    """Run a process on one core, where there are several, until the block ends; `log` takes its stderr."""
    cores = sorted(os.sched_getaffinity(0))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=env) as process:
        os.sched_setaffinity(process.pid, {cores[core % len(cores)]})
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5), /proc/pid/stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid: int) -> float:
    """Resident memory of a process, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> float:
    """Seconds until peekd says that it can serve; where it does not, its log is shown and all ends."""
    began = time.perf_counter()
    while time.perf_counter() - began < START_SECONDS and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1.0):
                return time.perf_counter() - began
        except OSError:  # refused, reset, or a 503
            time.sleep(0.005)
    sys.exit(f"{log.read_text()}\nbench: peekd did not start (exit status {process.poll()})")
