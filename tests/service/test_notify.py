from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from peekd.service.notify import Notifier, watchdog_seconds


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """A service manager's end: $NOTIFY_SOCKET, and the socket behind it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@peekd-test-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0{name[1:]}" if name.startswith("@") else name)
        yield name, sock


def test_states_arrive_each_in_one_datagram(manager: tuple[str, socket.socket]) -> None:
    name, sock = manager
    notifier = Notifier(name)
    notifier.ready("listening on\nhttp://127.0.0.1:8045")
    notifier.watchdog()
    notifier.status("3 streams")
    notifier.stopping()
    notifier.extend(1.5, "finishing 2 requests")
    got = [sock.recv(4096) for _ in range(5)]
    assert got == [
        b"READY=1\nSTATUS=listening on http://127.0.0.1:8045",
        b"WATCHDOG=1",
        b"STATUS=3 streams",
        b"STOPPING=1",
        b"EXTEND_TIMEOUT_USEC=1500000\nSTATUS=finishing 2 requests",
    ]


@pytest.mark.parametrize("address", [None, "", "/nowhere/at/all", "@peekd-nobody-listens"])
def test_nobody_to_tell_is_no_fault(address: str | None) -> None:
    Notifier(address).ready("still serving")


def test_the_watchdog_is_told_twice_in_its_time() -> None:
    assert watchdog_seconds({"WATCHDOG_USEC": "30000000"}) == 15
    assert watchdog_seconds({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}) == 15


@pytest.mark.parametrize("environ", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}])
def test_no_watchdog_of_ours(environ: dict[str, str]) -> None:
    assert watchdog_seconds(environ) is None


def test_a_reload_is_told_with_its_moment(manager: tuple[str, socket.socket]) -> None:
    name, sock = manager
    Notifier(name).reloading("reading")
    state, moment, status = sock.recv(4096).decode().split("\n")
    assert (state, status) == ("RELOADING=1", "STATUS=reading")
    assert int(moment.removeprefix("MONOTONIC_USEC=")) > 0
