"""Who looks on while requests go: a bounded number of listeners, each told what changed as fast as it reads.

Nobody who writes a record ever waits: a change is noted, and a listener that reads slowly finds many changes
of a request as one. Of a listener that is far behind, only that is remembered.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import msgspec
import trio
from typing_extensions import override

from peekd.records.entries import RequestRecord
from peekd.records.live import Live

LISTENERS = 32
"""How many may look on at once."""

WAITING = 200
"""Requests that a listener may be behind by; past that it is told to begin anew."""

PACE_SECONDS = 0.5
"""The shortest time between two messages to a listener."""

PING_SECONDS = 15.0
"""The longest silence towards a listener."""

_PING = b": still here\n\n"
_HELLO = b"retry: 3000\n\nevent: changed\ndata: {}\n\n"
_BEHIND = b"event: behind\ndata: {}\n\nevent: changed\ndata: {}\n\n"

Encode = Callable[[RequestRecord], bytes]
"""Writes a record as one line of JSON."""


class Feed:
    """All listeners of a house. `encode`: what they are told of a request."""

    def __init__(self, live: Live, encode: Encode) -> None:
        self._live = live
        self._encode = encode
        self._listeners: set[Listener] = set()
        self._closed = False

    def join(self) -> Listener | None:
        """Take in a listener, or None where there are too many, or nothing more will happen.

        Whoever was taken in must `leave`.
        """
        if self._closed or len(self._listeners) >= LISTENERS:
            return None
        listener = Listener(self._live, self._encode)
        if not self._listeners:
            self._live.on_change.append(self._note)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """A listener is gone; after the last one nobody need be told of changes."""
        if listener in self._listeners:
            self._listeners.remove(listener)
            if not self._listeners:
                self._live.on_change.remove(self._note)

    def close(self) -> None:
        """End every listener's stream; nobody is taken in from now on."""
        self._closed = True
        for listener in self._listeners:
            listener.close()

    def _note(self, record: RequestRecord) -> None:
        for listener in self._listeners:
            listener.note(record.id)


class Listener(AsyncIterator[bytes]):
    """One who looks on, as a stream of server-sent events."""

    def __init__(self, live: Live, encode: Encode) -> None:
        self._live = live
        self._encode = encode
        self._changed: dict[str, None] = {}
        self._behind = False
        self._over = False
        self._greeted = False
        self._news = trio.Event()

    @property
    def behind_by(self) -> int:
        """Count the requests that changed and are yet to be told."""
        return len(self._changed)

    def note(self, request: str) -> None:
        """A request changed."""
        if len(self._changed) >= WAITING and request not in self._changed:
            self._behind = True
            self._changed.clear()
        if not self._behind:
            self._changed[request] = None
        self._news.set()

    def close(self) -> None:
        """Nothing more will happen."""
        self._over = True
        self._news.set()

    @override
    async def __anext__(self) -> bytes:
        if not self._greeted:
            self._greeted = True
            return _HELLO
        with trio.move_on_after(PING_SECONDS) as patience:
            await self._news.wait()
        if patience.cancelled_caught:
            return _PING
        if not self._over:
            await trio.sleep(PACE_SECONDS)  # what comes meanwhile is told in the same message
        if self._over:
            raise StopAsyncIteration
        return self._told()

    def _told(self) -> bytes:
        self._news = trio.Event()
        changed, self._changed = self._changed, {}
        if self._behind:
            self._behind = False
            return _BEHIND
        records = (self._live.find(request) for request in changed)
        told = [b"event: request\ndata: " + self._encode(one) + b"\n\n" for one in records if one is not None]
        figures = msgspec.json.encode({"requests": len(told)})
        return b"".join((*told, b"event: changed\ndata: ", figures, b"\n\n"))
