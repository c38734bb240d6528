"""Patterns of model names: `*` and `?` only. Brackets are ordinary, since names hold them ("[1m]")."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def matches(pattern: str, name: str) -> bool:
    """Whether the whole name fits: `*` stands for any run of characters, `?` for exactly one; case counts.

    Never takes longer than the product of both lengths.

    >>> matches("claude-*", "claude-opus-4[1m]"), matches("*[1m]", "claude-opus-4[1m]"), matches("a?", "a")
    (True, True, False)
    """
    at, star, resumed = 0, -1, 0
    position = 0
    while position < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, resumed = at, position
            at += 1
        elif at < len(pattern) and pattern[at] in {"?", name[position]}:
            at += 1
            position += 1
        elif star >= 0:  # let the last star take one character more
            resumed += 1
            at, position = star + 1, resumed
        else:
            return False
    return not pattern[at:].strip("*")
