"""A real process with too few descriptors, too little memory, or a crowd that says nothing: it serves on."""

from __future__ import annotations

import os
import resource
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import NamedTuple

BOUND_SECONDS = 60
DAEMON = Path(__file__).parents[2] / "daemon"
DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
IDLE = min(int(os.environ.get("PEEKD_TEST_IDLE", "300")), (DESCRIPTORS - 256) // 2)
"""Connections of the idle crowd, as far as descriptors go; `./dev idle` makes it ten thousand."""

PING = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
SETTINGS = """
[server]
bind = ["fd://{number}"]
max_connections_per_address = 20000
{more}
[upstreams.sim]
protocol = "anthropic"
base_url = "simulator:{where}/script.toml"
[[accounts]]
name = "alice"
upstream = "sim"
credential = "env:KEY"
"""


class Daemon(NamedTuple):
    """A running peekd: its process, where it listens, and what it wrote."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), BOUND_SECONDS)

    def answers(self) -> bool:
        with self.connect() as client:
            return ask(client) == b"HTTP/1.1 200"

    def wait_until_it_answers(self) -> None:
        while not self.answers():  # those who left may not have been seen to go
            assert self.process.poll() is None


def ask(client: socket.socket, request: bytes = PING) -> bytes:
    """Say it, and give the beginning of the answer that comes; b"" where none does."""
    with suppress(OSError):  # refused before it was all said
        client.sendall(request)
    got = b""
    with suppress(OSError):
        while not got.endswith(b"}") and (piece := client.recv(65536)):
            got += piece
    return got[:12]


@contextmanager
def running(where: Path, limit: str = "true", more: str = "") -> Generator[Daemon]:
    """Run peekd under a limit of the shell's `ulimit`; it ends well, or the test fails."""
    (where / "script.toml").write_text('default = "answer"\n')
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener, (where / "log").open("w") as log:
        settings = where / "peekd.toml"
        settings.write_text(SETTINGS.format(number=listener.fileno(), where=where, more=more))
        program = [sys.executable, "-m", "peekd", "serve", "--config", str(settings)]
        command = ["sh", "-c", f"{limit} && exec {shlex.join(program)}"]
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(DAEMON), "KEY": "sim-alice"}
        passed = [listener.fileno()]
        process = subprocess.Popen(command, text=True, env=environ, pass_fds=passed, stderr=log)
        try:
            yield Daemon(process, listener.getsockname()[1], where / "log")
            process.send_signal(signal.SIGTERM)
            assert process.wait(BOUND_SECONDS) == 0
        finally:
            process.kill()
            process.wait()
    assert "Traceback" not in (where / "log").read_text()


def test_more_clients_than_descriptors_are_told_so_and_the_next_ones_served(tmp_path: Path) -> None:
    with running(tmp_path, "ulimit -n 64") as daemon, ExitStack() as crowd:
        held = [crowd.enter_context(daemon.connect()) for _ in range(100)]
        told = [ask(client) for client in held]
        assert told.count(b"HTTP/1.1 200") == 16
        assert told.count(b"HTTP/1.1 503") == 84
        crowd.close()
        daemon.wait_until_it_answers()


def test_accepting_pauses_when_the_system_gives_no_descriptor_and_goes_on_when_it_does(
    tmp_path: Path,
) -> None:
    with running(tmp_path, "ulimit -n 22") as daemon, ExitStack() as crowd:
        held = [crowd.enter_context(daemon.connect()) for _ in range(40)]
        assert ask(held[0]) == b"HTTP/1.1 200"
        while "cannot accept connections" not in daemon.log.read_text():
            assert ask(held[0]) == b"HTTP/1.1 200"
        crowd.close()
        daemon.wait_until_it_answers()


def test_bodies_that_memory_would_not_hold_are_refused_and_the_process_lives(tmp_path: Path) -> None:
    words = b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"%b"}]}' % (b"x" * 30_000_000)
    head = b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(words)
    told: list[bytes] = []

    def say(client: socket.socket) -> None:
        told.append(ask(client, head + words))

    with (
        running(tmp_path, "ulimit -v 1200000", "max_bodies_mib = 64") as daemon,
        ExitStack() as crowd,
    ):
        clients = [crowd.enter_context(daemon.connect()) for _ in range(8)]
        asks = [Thread(target=say, args=(client,)) for client in clients]
        for one in asks:
            one.start()
        for one in asks:
            one.join(BOUND_SECONDS)
        assert set(told) <= {b"HTTP/1.1 200", b"HTTP/1.1 503", b""}
        assert told.count(b"HTTP/1.1 200") >= 1
        assert told.count(b"HTTP/1.1 503") >= 1
        assert daemon.answers()


def test_a_crowd_that_says_nothing_costs_little_and_keeps_nobody_out(tmp_path: Path) -> None:
    with running(tmp_path) as daemon, ExitStack() as crowd:
        assert daemon.answers()
        before = _resident_kb(daemon)
        held = [crowd.enter_context(daemon.connect()) for _ in range(IDLE)]
        assert {ask(client) for client in held} == {b"HTTP/1.1 200"}
        grown = _resident_kb(daemon) - before
        assert daemon.answers()
        assert grown / IDLE < 100, f"{grown} kB for {IDLE} connections"


def _resident_kb(daemon: Daemon) -> int:
    lines = Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
