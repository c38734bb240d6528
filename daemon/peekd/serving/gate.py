"""How many may be inside, and how much they hold; and the door that closes when peekd drains."""

from __future__ import annotations

from peekd.vocabulary.errors import Fault

MIB = 1024 * 1024


class Gate:
    """Counts the proxied requests that are open under each key, and the bytes of the bodies of all.

    Callers without a key are not counted; their bodies are. `largest`: bytes of one body. `most_bytes`: of
    all together; a single one passes whatever it is, else one of that size never could. 0: no limit.
    """

    def __init__(self, most_per_key: int = 0, *, largest: int = 0, most_bytes: int = 0) -> None:
        self.draining = False
        self.most_per_key = most_per_key
        self.largest = largest
        self.most_bytes = most_bytes
        self.held = 0
        """Bytes of bodies that are inside, or for which there must be room."""
        self._inside: dict[str, int] = {}

    def enter(self, key: str, size: int = 0) -> Fault | None:
        """Take a request with a body of so many bytes in, or tell why not; who was taken in must `leave`."""
        if self.draining:
            return Fault("overloaded", "peekd is stopping and takes nothing new", retry_after=1)
        most, inside = self.most_per_key, self._inside.get(key, 0)
        if key and most and inside >= most:
            words = f"the client key {key!r} has {most} requests open, and no more may be"
            return Fault("rate_limit", words, retry_after=1)
        if self.most_bytes and self.held and self.held + size > self.most_bytes:
            words = (
                f"open requests hold {self.held // MIB} MiB, and this one would be too much (max_bodies_mib)"
            )
            return Fault("overloaded", words, retry_after=1)
        self._inside[key] = inside + 1
        self.held += size
        return None

    def room_for(self, announced: str | None) -> int:
        """Give the bytes to keep free for a body of this Content-Length; the largest where none is said."""
        said = announced is not None and announced.isascii() and announced.isdigit()
        return min(int(announced), self.largest) if announced and said else self.largest

    def resize(self, reserved: int, size: int) -> None:
        """A body has come whole, for which something else was kept free."""
        self.held += size - reserved

    def leave(self, key: str, size: int = 0) -> None:
        """A request that was taken in is over, and its body with it."""
        self.held -= size
        self._inside[key] -= 1
        if self._inside[key] <= 0:
            del self._inside[key]
