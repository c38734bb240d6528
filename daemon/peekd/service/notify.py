"""Word to the service manager about how we are (sd_notify(3)); silent where there is none."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

MICROSECONDS = 1_000_000


class Notifier:
    """Sends state to the socket that systemd named. What cannot be sent is dropped: we serve on."""

    def __init__(self, address: str | None) -> None:
        """`address` is $NOTIFY_SOCKET: a path, or "@name" (abstract); None or "": nobody listens."""
        self._address = f"\0{address[1:]}" if address and address.startswith("@") else address

    def ready(self, status: str = "") -> None:
        """We serve."""
        self._send("READY=1", status)

    def reloading(self, status: str = "") -> None:
        """We take over other settings; `ready` follows. The moment is how systemd tells one from another."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={now}", status)

    def stopping(self, status: str = "") -> None:
        """We end."""
        self._send("STOPPING=1", status)

    def extend(self, seconds: float, status: str = "") -> None:
        """Starting or ending takes this much longer from now on; sd_notify(3), EXTEND_TIMEOUT_USEC."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * MICROSECONDS)}", status)

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self._send("", status)

    def watchdog(self) -> None:
        """We live."""
        self._send("WATCHDOG=1", "")

    def _send(self, state: str, status: str) -> None:
        if not self._address:
            return
        told = f"STATUS={' '.join(status.split())}" if status else ""
        message = "\n".join(line for line in (state, told) if line)
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
        ):
            sock.settimeout(0)
            sock.sendto(message.encode(), self._address)


def watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """Give how often to tell the watchdog that we live: half its limit; None where none watches us."""
    limit = environ.get("WATCHDOG_USEC", "")
    watched = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(limit) / MICROSECONDS / 2 if watched and limit.isdigit() and int(limit) else None
