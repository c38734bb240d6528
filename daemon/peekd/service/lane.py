"""The short way to a client's socket, past everything between an answer and its connection.

Quart and hypercorn begin an answer and end it. Between the two, where the body goes in chunks and nobody else is
writing, a chunk needs neither of them: this saves two tasks' turns for each event of a stream.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

import trio


def chunk(piece: bytes) -> bytes:
    r"""Frame a piece of a body (RFC 9112 section 7.1); it must not be empty, since that ends the body.

    >>> chunk(b"data: {}\n\n")
    b'a\r\ndata: {}\n\n\r\n'
    """
    return b"%x\r\n%b\r\n" % (len(piece), piece)


class Lane:
    """One connection's. `write` waits until all is out or the client is given up; `lost` hears of a failure."""

    def __init__(
        self,
        stream: trio.SocketStream,
        writing: trio.Lock,
        write: Callable[[bytes], Awaitable[None]],
        lost: Callable[[OSError], None],
    ) -> None:
        self.open = False
        """A body in chunks is under way."""
        self._socket = stream.socket
        self._writing = writing
        self._write = write
        self._lost = lost
        self._owed = b""

    @property
    def owes(self) -> bool:
        """Whether the client did not take all of a piece yet."""
        return self._owed != b""

    def send_nowait(self, piece: bytes) -> bool:
        """Write a piece of the body, or as much of it as the client takes at once, and owe the rest.

        False where the way is not free: nothing was written then.
        """
        if not self.open or self._owed or self._writing.locked():
            return False
        framed = chunk(piece) if piece else b""
        try:
            sent = os.write(self._socket.fileno(), framed)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lost(error)
            return True
        if sent < len(framed):
            self._owed = framed[sent:]
        return True

    async def drain(self) -> None:
        """Write what is owed."""
        owed, self._owed = self._owed, b""
        await self._write(owed)
