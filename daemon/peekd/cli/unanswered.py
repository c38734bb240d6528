"""How a question to the daemon that runs can go unanswered. Not how it is asked: `asking`."""

from __future__ import annotations


class UnreachableError(Exception):
    """No daemon answers there."""


class RefusedError(Exception):
    """The daemon answers, but not with what was asked for."""
