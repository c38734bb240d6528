"""The short way to a client's socket, past everything between an answer and its connection.

Quart and hypercorn begin an answer and end it. Between the two, where the body goes in chunks and nobody else
is writing, a chunk needs neither of them: that saves two tasks' turns for each event of a stream.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Protocol, runtime_checkable

import trio

from peekd.upstream.dial import Read, reader_of


def chunk(piece: bytes) -> bytes:
    r"""Frame a piece of a body (RFC 9112 section 7.1); it must not be empty, since that ends the body.

    >>> chunk(b"data: {}\n\n")
    b'a\r\ndata: {}\n\n\r\n'
    """
    return b"%x\r\n%b\r\n" % (len(piece), piece)


@runtime_checkable
class Sender(Protocol):
    """A socket that is none, but lies in memory, sends by itself."""

    def send_nowait(self, data: bytes) -> int:
        """Send what there is room for; gives how much that was. Raises BlockingIOError where it is none."""
        ...


def receiver_of(stream: trio.SocketStream) -> Read:
    """How to read what a client sends: past trio's own way, which holds much for as long as a read waits."""
    return stream.receive_some if isinstance(stream.socket, Sender) else reader_of(stream)


class Turn:
    """Whose it is to write: one at a time. In place of a lock of trio's, which holds ten times as much."""

    __slots__ = ("_left", "taken")

    def __init__(self) -> None:
        self.taken = False
        self._left: trio.Event | None = None
        """What those wait for that have to wait."""

    async def __aenter__(self) -> None:
        """Take it, at once where it is free: no other task runs first."""
        while self.taken:
            if self._left is None:
                self._left = trio.Event()
            await self._left.wait()
        self.taken = True

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.taken = False
        if self._left is not None:
            self._left.set()
            self._left = None


class Lane:
    """One connection's. `write` waits until all is out or the client is given up; `lost` hears a failure."""

    __slots__ = ("_holds", "_lost", "_sender", "_socket", "_write", "_writing", "open", "owed")

    def __init__(
        self,
        stream: trio.SocketStream,
        writing: Turn,
        write: Callable[[bytes], Awaitable[None]],
        lost: Callable[[Exception], None],
    ) -> None:
        self.open = False
        """A body in chunks is under way."""
        self._socket = stream.socket
        self._sender = self._socket if isinstance(self._socket, Sender) else None
        self._writing = writing
        self._write = write
        self._lost = lost
        self.owed = b""
        """What was given before and is still to be written."""
        self._holds = False

    def send_nowait(self, piece: bytes) -> bool:
        """Write a piece of the body, or as much of it as the client takes at once, and owe the rest.

        False where the way is not free: nothing was written then.
        """
        if not self.open or self.owed or self._writing.taken:
            return False
        if piece:
            self.owed = self.write_some(chunk(piece))
        return True

    def write_some(self, data: bytes) -> bytes:
        """Write what the client takes at once; gives the rest. Of a client that is gone nothing is left."""
        try:
            if self._sender is None:
                return data[os.write(self._socket.fileno(), data) :]
            return data[self._sender.send_nowait(data) :]
        except BlockingIOError:
            return data
        except OSError as error:
            self._lost(error)
            return b""

    def hold(self) -> None:
        """Let what is written next wait for what follows it, or for `drain`: one write, and not two."""
        self._holds = True

    def renew(self) -> None:
        """Another request begins: what was meant for the one before holds no longer."""
        self.open = self._holds = False

    def joined(self, data: bytes) -> bytes:
        """Give what is to be written where this is: what was owed before it too, or nothing yet."""
        data, self.owed = self.owed + data, b""
        if self._holds:
            self._holds, self.owed = False, data
            return b""
        return data

    async def drain(self) -> None:
        """Write what is owed."""
        self._holds = False
        await self._write(self.joined(b""))
