"""The processes of a soak, to be killed, stopped and started again; and a disk that is soon full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import trio

START_SECONDS = 30.0
STOP_SECONDS = 15.0
DISK_MB = 4


class Ward:
    """A process that listens on a port; what it writes goes to the end of `log`."""

    def __init__(self, command: list[str], port: int, log: Path, env: Mapping[str, str]) -> None:
        self._command, self._log, self._env = command, log, dict(env)
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process now; 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    async def start(self) -> None:
        """Start it, and wait until its port is open."""
        self._process = self._open()
        with trio.fail_after(START_SECONDS):
            while True:
                if self._process.poll() is not None:
                    sys.exit(f"{self._log.read_text()[-3000:]}\nsoak: {self._command[2]} did not start")
                with suppress(OSError):
                    await (await trio.open_tcp_stream("127.0.0.1", self.port)).aclose()
                    return
                await trio.sleep(0.02)

    def _open(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, stdout=log, stderr=log, env=self._env)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, with patience if it is asked; kill it where that does not help."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        with trio.CancelScope(shield=True):
            with suppress(subprocess.TimeoutExpired):
                await trio.to_thread.run_sync(process.wait, STOP_SECONDS)
            process.kill()
            await trio.to_thread.run_sync(process.wait)

    async def stall(self, seconds: float) -> None:
        """Stop it for a while, as a machine that sleeps does."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGSTOP)
        try:
            await trio.sleep(seconds)
        finally:
            self._process.send_signal(signal.SIGCONT)

    def descriptors(self) -> int:
        """How many files and sockets it holds."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208  a count is all that is wanted


@contextmanager
def small_disk(place: Path) -> Generator[str]:
    """Put a tiny file system at this place; gives "", or why there is none."""
    place.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        yield mounted.stderr.strip() or "mount failed" if mounted.returncode else ""
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", "--lazy", str(place)], check=False)


async def fill(place: Path, seconds: float) -> None:
    """Leave no byte on that disk for a while; then all that is there but its files' names is gone."""
    filler = place / "filler"
    with suppress(OSError), filler.open("wb") as file:
        while True:
            file.write(b"x" * 4096)
            file.flush()
    await trio.sleep(seconds)
    for name in os.listdir(place):  # noqa: PTH208  a list of names, at once
        os.truncate(place / name, 0)
