"""One client's side of HTTP/1.1 in the place of h11's Connection, which is made only where it is needed.

Usual requests and answers go a short way. Whatever else comes up, h11 is brought to where things stand, and
has the rest of that request and its answer; the next one may be usual again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import h11

from peekd.service.lane import chunk
from peekd.service.usual import Head, read_head, write_head

_LAST_CHUNK = chunk(b"")


class Piece(NamedTuple):
    """Some of a usual request's body, all that there is of it now; `more`: some is still to come."""

    data: bytes
    more: bool


Heard = Head | Piece | h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]
State = type[object]


class Wire:
    """As much of `h11.Connection`, for servers, as is asked of it; of heads, no more than `limit` bytes wait.

    On the short way a connection is one of HTTP/1.1, will be kept, and neither side has failed or left.
    """

    __slots__ = ("_data", "_h11", "_left", "_limit", "_ours", "_owed", "_theirs", "_version")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._h11: h11.Connection | None = None
        self._data = b""
        self._theirs: State = h11.IDLE
        self._ours: State = h11.IDLE
        self._left = 0
        """Bytes of the request's body that have not come."""
        self._owed: int | None = None
        """Bytes of the answer's body that are still to be sent; None: it goes in chunks."""
        self._version: bytes | None = None

    # ---- what the client says ----

    def receive_data(self, data: bytes) -> None:
        """Take what has come; b"" when no more will."""
        if self._h11 is None and data:
            self._data += data
        else:
            self._unusual().receive_data(data)

    def next_event(self) -> Heard:
        """Give what it says next: as h11 does, or of a usual request. Raises h11.RemoteProtocolError."""
        if self._h11 is None and (event := self._usual_event()) is not None:
            return event
        return self._unusual().next_event()

    def _usual_event(self) -> Heard | None:
        data = self._data
        if self._theirs is h11.SEND_BODY:
            return self._piece(data)
        if not data:
            return h11.NEED_DATA
        if self._theirs is h11.DONE:
            return h11.PAUSED
        head = read_head(data) if self._ours is h11.IDLE else None
        if head is not None:
            self._data = data[head.end :]
            self._left = head.length
            self._theirs, self._ours, self._version = h11.SEND_BODY, h11.SEND_RESPONSE, b"1.1"
        return head

    def _piece(self, data: bytes) -> Heard:
        if not data and self._left:
            return h11.NEED_DATA
        piece, self._data = data[: self._left], data[self._left :]
        self._left -= len(piece)
        if not self._left:
            self._theirs = h11.DONE
        return Piece(piece, self._left > 0)

    # ---- what is said to it ----

    def begin(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> bytes | None:
        """Give the head of a usual answer as it is sent; None where h11 is to have it, as `send` does."""
        if self._h11 is not None or self._ours is not h11.SEND_RESPONSE:
            return None
        written = write_head(status, headers)
        if written is None:
            return None
        head, self._owed = written
        self._ours = h11.SEND_BODY
        return head

    def piece(self, data: bytes) -> bytes | None:
        """Give a piece of such an answer's body as it is sent, likewise."""
        if self._h11 is not None or self._ours is not h11.SEND_BODY:
            return None
        if self._owed is None:
            return chunk(data) if data else b""
        if len(data) > self._owed:
            return None
        self._owed -= len(data)
        return data

    def end(self) -> bytes | None:
        """Give the end of it, likewise."""
        if self._h11 is not None or self._ours is not h11.SEND_BODY or self._owed:
            return None
        self._ours = h11.DONE
        return _LAST_CHUNK if self._owed is None else b""

    @property
    def chunked(self) -> bool:
        """Whether a usual answer's body is under way, in chunks (RFC 9112 section 7.1)."""
        return self._h11 is None and self._ours is h11.SEND_BODY and self._owed is None

    def send(self, event: h11.Event) -> bytes | None:
        """Give an event as h11 sends it. Raises h11.LocalProtocolError."""
        return self._unusual().send(event)

    # ---- where things stand ----

    @property
    def their_state(self) -> State:
        """How far the client is, in h11's words."""
        return self._theirs if self._h11 is None else self._h11.their_state

    @property
    def our_state(self) -> State:
        """How far the answer is."""
        return self._ours if self._h11 is None else self._h11.our_state

    @property
    def their_http_version(self) -> bytes | None:
        """That of the last request."""
        return self._version if self._h11 is None else self._h11.their_http_version

    @property
    def they_are_waiting_for_100_continue(self) -> bool:
        """Whether the client holds its body back until it is told to go on."""
        return self._h11 is not None and self._h11.they_are_waiting_for_100_continue

    @property
    def trailing_data(self) -> tuple[bytes, bool]:
        """What has come and was not read yet, and whether no more will."""
        return (self._data, False) if self._h11 is None else self._h11.trailing_data

    def start_next_cycle(self) -> None:
        """Request and answer are over: another may come. Raises h11.LocalProtocolError where none may."""
        if self._h11 is not None or self._theirs is not h11.DONE or self._ours is not h11.DONE:
            self._unusual().start_next_cycle()
            self._forget_h11()
        self._theirs = self._ours = h11.IDLE

    # ---- h11 ----

    def _unusual(self) -> h11.Connection:
        if self._h11 is None:
            self._h11 = self._caught_up()
            if self._data:
                self._h11.receive_data(self._data)
                self._data = b""
        return self._h11

    def _caught_up(self) -> h11.Connection:
        """Make an h11 that stands where this stands: it is told a request and an answer framed alike."""
        made = h11.Connection(h11.SERVER, max_incomplete_event_size=self._limit)
        made.their_http_version = self._version
        if self._ours is h11.IDLE:
            return made
        made.receive_data(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % self._left)
        made.next_event()
        if self._theirs is h11.DONE:
            made.next_event()
        if self._ours is not h11.SEND_RESPONSE:
            length = [] if self._owed is None else [(b"content-length", b"%d" % self._owed)]
            made.send(h11.Response(status_code=200, headers=length))
        if self._ours is h11.DONE:
            made.send(h11.EndOfMessage())
        return made

    def _forget_h11(self) -> None:
        """Go on without, unless the client has said that it goes."""
        if self._h11 is not None and not self._h11.trailing_data[1]:
            self._data, self._version = self._h11.trailing_data[0], self._h11.their_http_version
            self._h11 = None
