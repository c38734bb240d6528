"""Writes the page anew: `./dev docs`."""

from __future__ import annotations

import sys

from faults.page import PAGE, encode_page

if __name__ == "__main__":
    PAGE.write_text(encode_page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
