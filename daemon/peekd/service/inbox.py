"""What a client says to an app, message by message: ASGI's `receive`, which need not be waited for for ever.

An app that has the whole body waits for one thing more: that the client goes. Whoever is told of that needs
no task to wait for it, which would be memory for as long as an answer takes.
"""

from __future__ import annotations

from collections.abc import Callable

import trio
from hypercorn.typing import ASGIReceiveEvent

_GONE = "http.disconnect"


class Inbox:
    """One request's. One task puts, one takes; as many as `most` messages lie here."""

    __slots__ = ("_closed", "_gone", "_messages", "_most", "_stirred")

    def __init__(self, most: int) -> None:
        self._most = most
        self._messages: list[ASGIReceiveEvent] = []
        self._stirred: trio.Event | None = None
        """What the one of the two waits for that has to wait."""
        self._gone: Callable[[], object] | None = None
        self._closed = False

    async def __call__(self) -> ASGIReceiveEvent:
        """Give the next message; one that is there is given without letting every other task run first."""
        while (message := self.ready()) is None:
            await self._wait()
        return message

    def ready(self) -> ASGIReceiveEvent | None:
        """Give the next message if it has come."""
        if not self._messages:
            return None
        message = self._messages.pop(0)
        self._stir()
        return message

    def when_gone(self, tell: Callable[[], object]) -> None:
        """Take no more messages: only call `tell` when the client has gone, at once where it has already."""
        self._gone = tell
        messages, self._messages = self._messages, []
        if any(message["type"] == _GONE for message in messages):
            tell()
        self._stir()

    async def put(self, message: ASGIReceiveEvent) -> None:
        """Hand over a message; waits while too many lie here. Of an app that has ended, nobody waits."""
        while len(self._messages) >= self._most and not self._closed:
            await self._wait()
        if self._gone is None:
            if not self._closed:
                self._messages.append(message)
                self._stir()
        elif message["type"] == _GONE and not self._closed:
            self._gone()

    def close(self) -> None:
        """The app has ended: it is told nothing more."""
        self._closed = True
        self._gone = None
        self._messages = []
        self._stir()

    async def _wait(self) -> None:
        self._stirred = trio.Event()
        await self._stirred.wait()

    def _stir(self) -> None:
        if self._stirred is not None:
            self._stirred.set()
            self._stirred = None
