"""The exit code of each way to end; the last two are sysexits.h's."""

from __future__ import annotations

DONE, FAILED, USAGE, UNREACHABLE, CONFIGURATION = 0, 1, 2, 69, 78

INTERRUPTED = 130
"""128 and SIGINT, as shells have it."""
