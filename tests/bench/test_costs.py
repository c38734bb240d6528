"""What processes cost, read from the kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from costs import core_seconds, cpu_seconds, family, resident_mb

NOBODY = 1 << 22
"""Beyond the highest number of a process (proc(5), pid_max)."""


def test_cpu_is_that_of_all_threads_and_of_children_that_ended() -> None:
    subprocess.run([sys.executable, "-c", "sum(range(10**6))"], check=True)
    own = time.process_time()
    spent = os.times()
    assert cpu_seconds([os.getpid()]) >= own + spent.children_user + spent.children_system - 0.05


def test_a_family_is_a_process_and_its_children() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert {os.getpid(), child.pid} <= set(family(os.getpid()))
        assert family(child.pid) == [child.pid]
        child.communicate(b"\n")


def test_memory_is_in_megabytes() -> None:
    assert 5 < resident_mb(os.getpid()) < 5000
    assert resident_mb(os.getpid(), os.getpid()) > 1.5 * resident_mb(os.getpid())


def test_who_is_gone_costs_nothing() -> None:
    assert cpu_seconds([NOBODY]) == 0
    assert resident_mb(NOBODY) == 0


def test_a_core_has_run_at_least_for_some_time() -> None:
    assert core_seconds(min(os.sched_getaffinity(0))) > 0
