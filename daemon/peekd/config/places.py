"""Where a setting stands: the keys that lead to it, as the operator and as this room's tables write them."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

Path = tuple[str | int, ...]
"""Keys from the root; a number counts the entries of a list from 0."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Place(NamedTuple):
    """A setting's path, and its `pattern`: "*" for an operator's own name, "[]" for an entry of a list.

    >>> place = ROOT.key("upstreams").entry("google").key("base_url")
    >>> written(place.path), place.pattern
    ('upstreams.google.base_url', 'upstreams.*.base_url')
    """

    path: Path
    pattern: str

    def key(self, name: str) -> Place:
        """Go to a key of a table."""
        return Place((*self.path, name), f"{self.pattern}.{name}" if self.pattern else name)

    def entry(self, name: str) -> Place:
        """Go to an entry of a table whose keys the operator chooses."""
        return Place((*self.path, name), f"{self.pattern}.*")

    def item(self, number: int) -> Place:
        """Go to an entry of a list."""
        return Place((*self.path, number), f"{self.pattern}[]")


ROOT = Place((), "")


def written(path: Path) -> str:
    """Write a path as TOML writes keys, with the numbers of list entries in brackets.

    >>> written(("accounts", 0, "name")), written(("upstreams", "a b"))
    ('accounts[0].name', 'upstreams."a b"')
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE.fullmatch(part) else json.dumps(part))
    return text
