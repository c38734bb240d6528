"""`./dev api`: schemathesis asks a real `peekd demo` on loopback whatever its description allows, and more.

Ends with 1 where an answer is a fault of peekd's own, is not JSON, or is not as described.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from openapi import describe

DAEMON = Path(__file__).parents[2] / "daemon"
BOUND_SECONDS = 30
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
"""What is odd need not be refused: peekd passes over what it does not know."""


def main() -> int:
    """Start a daemon, ask it, stop it; gives the exit code."""
    parser = argparse.ArgumentParser(prog="./dev api")
    parser.add_argument("--seconds", type=float, default=30, help="how long it may take")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    command = [sys.executable, "-m", "peekd", "demo", "--port", "0"]
    environ = {**os.environ, "PYTHONPATH": str(DAEMON), "PYTHONUNBUFFERED": "1"}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as daemon,
    ):
        assert daemon.stdout is not None
        url = daemon.stdout.readline().rpartition(" ")[2].strip()
        description = Path(folder, "openapi.json")
        description.write_text(json.dumps(describe()))
        try:
            asked = subprocess.run(_ask(description, url, given), cwd=folder, check=False).returncode
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.communicate(timeout=BOUND_SECONDS)
    return 1 if asked or daemon.returncode else 0


def _ask(description: Path, url: str, given: argparse.Namespace) -> list[str]:
    return [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        str(description),
        f"--url={url}",
        f"--checks={CHECKS}",
        f"--seed={given.seed}",
        f"--max-time={given.seconds:g}",
        "--phases=examples,coverage,fuzzing",
        "--mode=all",
        "--generation-database=none",
        "--no-color",
    ]


if __name__ == "__main__":
    sys.exit(main())
