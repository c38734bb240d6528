"""Runs what lies here with pytest, or says (exit code 69) that no browser can be had: ./dev page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
UNAVAILABLE = 69
"""EX_UNAVAILABLE of sysexits.h: there is no such tool here."""


def main(arguments: list[str]) -> int:
    """Look for a browser, and go on as pytest."""
    sys.path[:0] = [str(TESTS), str(TESTS / "support")]
    from programs.npm import Unable

    from browser.town import chromium

    try:
        chromium()
    except Unable as why:
        sys.stderr.write(f"page: {why}\n")
        return UNAVAILABLE
    pytest = [sys.executable, "-m", "pytest", "-o", "python_files=page_*.py", str(TESTS / "browser")]
    return subprocess.run([*pytest, *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
