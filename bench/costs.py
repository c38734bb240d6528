"""What processes cost so far: CPU to the nanosecond and resident memory, for each with all its children."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
MB = 1 << 20
PAGE = os.sysconf("SC_PAGE_SIZE")


def family(pid: int) -> list[int]:
    """A process and all that came from it and still run (proc(5), /proc/PID/task/TID/children)."""
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += family(int(child))
    except OSError:
        pass  # ended meanwhile
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes, and of their children that have ended."""
    return sum(_own(pid) + _ended(pid) for pid in pids)


def _own(pid: int) -> float:
    """A process's CPU clock, of all its threads (clock_getcpuclockid(3); the kernel makes its number so)."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _ended(pid: int) -> float:
    """User and system time of children that were waited for (proc(5), /proc/PID/stat)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[13]) + int(fields[14])) / TICKS


def core_seconds(core: int) -> float:
    """How long programs have run on one core, whichever they were (/proc/stat: user, nice, system)."""
    lines = Path("/proc/stat").read_text().splitlines()
    fields = next(line.split() for line in lines if line.startswith(f"cpu{core} "))
    return sum(map(int, fields[1:4])) / TICKS


def resident_mb(*pids: int) -> float:
    """Resident memory of these processes, in MB; what they share counts for each (/proc/PID/statm)."""
    return sum(map(_resident, pids))


def _resident(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / MB
    except OSError:
        return 0.0
