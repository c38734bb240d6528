"""Writes the shell completions from the command line: python tests/support/completions.py, at the root."""

from __future__ import annotations

import sys
from pathlib import Path

import shtab

from peekd.cli.main import make_parser

FILES = {"bash": "peekd.bash", "zsh": "_peekd", "fish": "peekd.fish"}
"""By shell, the name that it looks for."""

FOLDER = "etc/completions"


def encode_completion(shell: str) -> str:
    """Give the script for one shell."""
    return shtab.complete(make_parser(whole=True), shell=shell).rstrip() + "\n"


if __name__ == "__main__":
    for shell, name in FILES.items():
        path = Path.cwd() / FOLDER / name
        path.write_text(encode_completion(shell), encoding="utf-8")
        sys.stdout.write(f"{path}\n")
