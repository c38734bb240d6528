"""Programs as processes: bounded in time, with their own settings alone, without a network if possible."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

from programs.session import Amiss

_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1
"""SIOCGIFFLAGS, SIOCSIFFLAGS and IFF_UP of netdevice(7)."""


def run(command: list[str], environment: Mapping[str, str], place: Path, seconds: float) -> str:
    """Run a program in a group of its own, which ends with it; give what it printed. Raises Amiss."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(environment),
        cwd=place,
        start_new_session=True,
    )
    try:
        printed, complained = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Amiss(f"it was not done within {seconds} s") from None
    finally:
        _end_group(process)
    if process.returncode != 0:
        raise Amiss(f"it ended with {process.returncode}: {printed[-600:]} {complained[-600:]}")
    return printed


def _end_group(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def fence() -> list[str]:
    """Give the words before a command that take the network from it (unshare(1)); none if they cannot."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return []
    words = [unshare, "--net", *(["--map-root-user"] if os.getuid() != 0 else [])]
    tried = subprocess.run([*words, "true"], capture_output=True, timeout=30, check=False)
    return words if tried.returncode == 0 else []


def raise_loopback() -> None:
    """Bring up loopback behind the fence, where even that is down at first."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, _GET_FLAGS, asked))[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP))
