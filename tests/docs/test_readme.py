"""The README's two commands are there, and ./dev has them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path


def test_set_up_and_go_is_two_commands_of_dev(tree: Path) -> None:
    _, _, rest = (tree / "README.md").read_text().partition("## Set up and go")
    block = re.search(r"```console\n(.*?)```", rest, re.DOTALL)
    assert block is not None
    commands = [line.split("#")[0].strip() for line in block[1].splitlines()]
    assert commands == ["./dev demo", "./dev test"]


def test_dev_lists_every_command_that_it_has(tree: Path) -> None:
    listed = subprocess.run([tree / "dev", "help"], capture_output=True, text=True, check=True).stdout
    had = set(re.findall(r"^([a-z-]+)(?: \|.*)?\)$", (tree / "dev").read_text(), re.MULTILINE))
    assert {"demo", "test"} <= had
    assert set(re.findall(r"^  ([a-z-]+) ", listed, re.MULTILINE)) == had


def test_dev_knows_a_wrong_command_when_it_sees_one(tree: Path) -> None:
    answer = subprocess.run([tree / "dev", "tset"], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "usage" in answer.stderr
