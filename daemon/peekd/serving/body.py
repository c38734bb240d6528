"""A request's body while it comes: one task takes in what the server hands over, another waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import trio
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout


class Body:
    """No more than `most` bytes within `seconds`; `announced` is what its Content-Length says, 0 for none."""

    __slots__ = ("_announced", "_came", "_ended", "_most", "_pieces", "_seconds", "complete")

    def __init__(self, most: int, seconds: float, announced: int = 0) -> None:
        self.complete = False
        """Whether nothing more comes, or is wanted."""
        self._most = most
        self._seconds = seconds
        self._announced = announced
        self._came = 0
        self._pieces: list[bytes] = []
        self._ended: trio.Event | None = None
        """What is waited for by whoever has to wait."""

    def take(self, message: Mapping[str, object]) -> None:
        """Take in what an `http.request` message brings."""
        if piece := cast("bytes", message.get("body", b"")):
            self._came += len(piece)
            self._pieces.append(piece)
        if self._is_too_large():
            self._pieces.clear()
            self._end()
        elif not message.get("more_body", False):
            self._end()

    async def whole(self, most: int | None = None) -> bytes:
        """Give all of it, which is then held no longer; `most`: where less is taken than of others.

        Raises werkzeug's RequestEntityTooLarge, as soon as that is known, and RequestTimeout.
        """
        if most is not None:
            self._most = min(self._most, most)
        if not (self.complete or self._is_too_large()):
            await self._wait()
        if self._is_too_large():
            raise RequestEntityTooLarge
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)

    async def _wait(self) -> None:
        self._ended = trio.Event()
        with trio.move_on_after(self._seconds) as patience:
            await self._ended.wait()
        if patience.cancelled_caught:
            raise RequestTimeout

    def _end(self) -> None:
        self.complete = True
        if self._ended is not None:
            self._ended.set()

    def _is_too_large(self) -> bool:
        return self._came > self._most or self._announced > self._most
