"""Takes out of an upstream's words what must not be written down: keys, addresses, long quotations."""

from __future__ import annotations

import re

SHOWN = 200
"""Characters of an upstream's message that are kept."""

_RULES = (
    (re.compile(r"\b(?:sk|pk|key|token|AIza|ya29|gh[pousr]|xox[abp])[-_.A-Za-z0-9]{12,}"), "[key]"),
    (re.compile(r"(?i)\b(bearer\s+)\S+"), r"\1[key]"),
    (re.compile(r"\b(?=[-_A-Za-z0-9+/=]*\d)(?=[-_A-Za-z0-9+/=]*[A-Za-z])[-_A-Za-z0-9+/=]{32,}"), "[key]"),
    (re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b"), "[e-mail]"),
    (re.compile(r"\"[^\"]{40,}\""), '"…"'),
    (re.compile(r"'[^']{40,}'"), "'…'"),
    (re.compile(r"`[^`]{40,}`"), "`…`"),
    (re.compile(r"\s+"), " "),
)


def redacted(message: str) -> str:
    """Give the first 200 characters of a message, on one line, without secrets.

    >>> redacted("bad key sk-ant-api03-abcdefghijklmnop of bob@example.com")
    'bad key [key] of [e-mail]'
    """
    for pattern, replacement in _RULES:
        message = pattern.sub(replacement, message)
    message = message.strip()
    return message if len(message) <= SHOWN else message[: SHOWN - 1] + "…"
