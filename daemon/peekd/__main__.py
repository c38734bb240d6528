"""python -m peekd: the same as the command peekd."""

from __future__ import annotations

import sys

from peekd.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
