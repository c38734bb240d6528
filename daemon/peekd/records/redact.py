"""Takes out of an upstream's words what must not be written down: keys, addresses, long quotations."""

from __future__ import annotations

import re

SHOWN = 200
"""Characters of an upstream's message that are kept."""

_SECRETS = (
    (
        re.compile(
            r"(?:\b|(?<=\\[bfnrt]))(?:sk|pk|key|token|AIza|ya29|gh[pousr]|xox[abp])[-_.A-Za-z0-9]{12,}"
        ),
        "[key]",
    ),
    (re.compile(r"(?i)\b(bearer\s+)\S+"), r"\1[key]"),
    (re.compile(r"\b(?=[-_A-Za-z0-9+/=]*\d)(?=[-_A-Za-z0-9+/=]*[A-Za-z])[-_A-Za-z0-9+/=]{32,}"), "[key]"),
    (re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b"), "[e-mail]"),
)

_RULES = (
    *_SECRETS,
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


def scrubbed(words: str, most: int) -> str:
    """Give a longer text without secrets, at most so many characters of it and a mark where it was cut.

    >>> scrubbed("use key sk-ant-api03-abcdefghijklmnop now", 35), scrubbed("short", 35)
    ('use key […]', 'short')
    """
    cut = len(words) > most
    if cut:  # what is left of a secret at the end would be none that a rule knows
        words = _BROKEN.sub("", words[:most])
    for pattern, replacement in _SECRETS:
        words = pattern.sub(replacement, words)
    return f"{words}[…]" if cut else words


_BROKEN = re.compile(r"[^\s\"']*$")
