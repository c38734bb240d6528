"""Pieces of a body on their way from the task that makes them to the one that writes them.

In place of a channel of trio's, which holds four times as much for as long as a stream lasts.
"""

from __future__ import annotations

import trio


class Pieces:
    """One task puts, one takes; as many as `most` lie here, then the first of the two waits."""

    __slots__ = ("_closed", "_most", "_pieces", "_stirred")

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: list[bytes] = []
        self._closed = False
        self._stirred: trio.Event | None = None
        """What the one of the two waits for that has to wait."""

    @property
    def ended(self) -> bool:
        """Whether nothing lies here, and nothing will."""
        return self._closed and not self._pieces

    def put_nowait(self, piece: bytes) -> bool:
        """Put one more; False, and nothing is put, where there is no room."""
        if len(self._pieces) >= self._most:
            return False
        self._pieces.append(piece)
        self._stir()
        return True

    async def put(self, piece: bytes) -> None:
        """Put one more; waits for room, and cancelled, has put nothing."""
        while not self.put_nowait(piece):
            await self._stirring().wait()

    def close(self) -> None:
        """No more follow."""
        self._closed = True
        self._stir()

    def take(self) -> bytes:
        """Take all that lies here, joined; b"" where nothing does. Never waits."""
        pieces, self._pieces = self._pieces, []
        if pieces:
            self._stir()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def wait(self) -> None:
        """Wait until something lies here, or nothing will."""
        while not (self._pieces or self._closed):
            await self._stirring().wait()

    def _stirring(self) -> trio.Event:
        self._stirred = trio.Event()
        return self._stirred

    def _stir(self) -> None:
        if self._stirred is not None:
            self._stirred.set()
            self._stirred = None
