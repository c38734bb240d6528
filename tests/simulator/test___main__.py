"""The simulator as a program: it says where it serves, or what is wrong with its script."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = [sys.executable, "-m", "peekd.simulator", "--port", "0"]
PLACE = Path(__file__).parents[2] / "daemon"


def test_it_says_where_it_serves_and_stops_when_interrupted() -> None:
    with subprocess.Popen([*PROGRAM, "--script", "well"], cwd=PLACE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline().startswith(b"simulator on http://127.0.0.1:")
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=30) == 0


def test_a_script_that_cannot_be_played_is_told_with_exit_code_78(tmp_path: Path) -> None:
    script = tmp_path / "odd.toml"
    script.write_text('[[play]]\nacts = ["emtpy", "anser"]\n')
    done = subprocess.run(
        [*PROGRAM, "--script", script], cwd=PLACE, capture_output=True, check=False, timeout=30
    )
    assert done.returncode == 78
    assert [line.partition(": play")[2] for line in done.stderr.decode().splitlines()] == [
        " 1, act 1: unknown act 'emtpy' (nearest: empty)",
        " 1, act 2: unknown act 'anser' (nearest: answer)",
    ]
