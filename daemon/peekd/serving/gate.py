"""How many may be inside: the limit per client key, and the door that closes when peekd drains."""

from __future__ import annotations

from collections import Counter

from peekd.vocabulary.errors import Fault


class Gate:
    """Counts the proxied requests that are open under each key. Callers without a key are not counted."""

    def __init__(self, most_per_key: int = 0) -> None:
        self.draining = False
        self.most_per_key = most_per_key
        self._inside: Counter[str] = Counter()

    def enter(self, key: str) -> Fault | None:
        """Take a request in, or tell why not; whoever was taken in must `leave`."""
        if self.draining:
            return Fault("overloaded", "peekd is stopping and takes nothing new", retry_after=1)
        most = self.most_per_key
        if key and most and self._inside[key] >= most:
            words = f"the client key {key!r} has {most} requests open, and no more may be"
            return Fault("rate_limit", words, retry_after=1)
        self._inside[key] += 1
        return None

    def leave(self, key: str) -> None:
        """A request that was taken in is over."""
        self._inside[key] -= 1
        if self._inside[key] <= 0:
            del self._inside[key]
