"""A real daemon keeps what an upstream said, and its own command plays that again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

BOUND_SECONDS = 30
LOOKS = 1000
PEEKD = (sys.executable, "-c", "import sys; from peekd.cli.main import main; sys.exit(main())")
ASK = {
    "model": "m",
    "max_tokens": 9,
    "stream": True,
    "messages": [{"role": "user", "content": "Hello"}],
}
SETTINGS = """\
[server]
bind = ["127.0.0.1:0"]
[upstreams.sim]
protocol = "anthropic"
base_url = "simulator:{folder}/script.toml"
[[accounts]]
name = "alice"
upstream = "sim"
credential = "env:KEY"
[records]
capture = "all"
"""


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """The environment of daemon and commands alike."""
    (tmp_path / "script.toml").write_text('[[play]]\nacts = ["empty", "answer"]\n')
    (tmp_path / "peekd.toml").write_text(SETTINGS.format(folder=tmp_path))
    given = {"KEY": "sim-alice", "STATE_DIRECTORY": str(tmp_path / "state")}
    return {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **given}


@pytest.fixture
def url(tmp_path: Path, surroundings: dict[str, str]) -> Generator[str]:
    """Where a daemon listens."""
    command = [*PEEKD, "serve", "--config", str(tmp_path / "peekd.toml")]
    with subprocess.Popen(
        command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as daemon:
        assert daemon.stdout is not None
        line = next(line for line in daemon.stdout if b"listening" in line).decode()
        found = re.search(r"http://[0-9.:]+", line)
        assert found is not None
        yield found[0]
        if daemon.poll() is None:
            daemon.send_signal(signal.SIGTERM)
        daemon.communicate(timeout=BOUND_SECONDS)


def test_what_was_kept_decides_the_same_when_it_is_played_again(
    tmp_path: Path, surroundings: dict[str, str], url: str
) -> None:
    answer = httpx.post(f"{url}/v1/messages", json=ASK, timeout=BOUND_SECONDS, trust_env=False)
    assert (answer.status_code, answer.headers["x-peekd-attempts"]) == (200, "2")
    request = answer.headers["x-request-id"]
    captures = tmp_path / "state/captures"
    for _ in range(LOOKS):  # it is written beside the answering, and soon
        if captures.is_dir() and list(captures.iterdir()):
            break
        httpx.get(f"{url}/healthz", trust_env=False)
    command = [*PEEKD, "replay", request, "--config", str(tmp_path / "peekd.toml"), "--json"]
    told = subprocess.run(
        command, env=surroundings, capture_output=True, text=True, timeout=BOUND_SECONDS, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "sim-alice" not in told.stdout
    assert json.loads(told.stdout)
