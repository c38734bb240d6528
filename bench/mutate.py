"""Mutation testing of the pure rooms with mutmut: `./dev mutate [--at-once N] [ROOM…]`.

The code is changed one place at a time, and the room's own tests must notice. It works on a copy in
.venv/mutate/, so the tree stays as it is, and takes half an hour of one core. What is left unnoticed is told
with its difference; the score is what docs/reliability.md cites.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

TREE = Path(__file__).parents[1]
PLACE = TREE / ".venv/mutate"
ROOMS = ("accounts", "healing")
NICE = 10
SETTINGS = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = [{only}]
pytest_add_cli_args_test_selection = [{tests}]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-x"]
use_git_change_detection = false

[tool.pytest.ini_options]
pythonpath = ["src", "tests/support"]
addopts = ["--import-mode=importlib"]
filterwarnings = ["error"]
trio_mode = true
"""
RESULT = re.compile(r"^\s*(peekd\.\S+): (.+)$", re.MULTILINE)
AT_IMPORT = ("peekd.healing.policy.x__rule_", "peekd.healing.policy.x__passing_")
"""Run once, when the module is read. mutmut switches a change on only later: no test could notice these."""

KILLED = {"killed", "timeout", "caught by type check"}


def lay_out(rooms: list[str]) -> None:
    """Make the copy, and the settings for it."""
    shutil.rmtree(PLACE, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(TREE / "daemon/peekd", PLACE / "src/peekd", ignore=ignore)
    for name in ("support", *rooms):
        shutil.copytree(TREE / "tests" / name, PLACE / "tests" / name, ignore=ignore)
    shutil.copy(TREE / "tests/conftest.py", PLACE / "tests/conftest.py")
    only = ", ".join(f'"src/peekd/{room}/*"' for room in rooms)
    tests = ", ".join(f'"tests/{room}"' for room in rooms)
    (PLACE / "pyproject.toml").write_text(SETTINGS.format(only=only, tests=tests))


def mutmut(*arguments: str, quiet: bool = False) -> str:
    """Run it in the copy; give what it said, if that is wanted."""
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    ended = subprocess.run(
        command,
        cwd=PLACE,
        env={**os.environ, "CI": "true"},  # the same examples for every change
        stdout=subprocess.PIPE if quiet else None,
        text=True,
        check=False,
    )
    return ended.stdout or ""


def main() -> int:
    """Change and try everything; 0 whatever the score, which is for people to read."""
    parser = argparse.ArgumentParser(prog="./dev mutate", description="do the tests notice every change?")
    parser.add_argument("--at-once", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("rooms", nargs="*", choices=[*ROOMS, []], help=f"(default: {' '.join(ROOMS)})")
    options = parser.parse_args()
    os.nice(NICE)
    lay_out(options.rooms or list(ROOMS))
    mutmut("run", "--max-children", str(options.at_once))
    told = RESULT.findall(mutmut("results", "--all", "true", quiet=True))
    results = [(name, how) for name, how in told if not name.startswith(AT_IMPORT)]
    left = [(name, how) for name, how in results if how not in KILLED]
    for name, how in left:
        shown = mutmut("show", name, quiet=True).splitlines()
        changed = [line for line in shown if re.match(r"[-+](?![-+])", line)]
        sys.stdout.write("\n".join([f"{how}: {name}", *changed, ""]))
    share = (len(results) - len(left)) / max(1, len(results))
    sys.stdout.write(f"{len(results)} changes, {len(left)} not noticed: {share:.1%}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
