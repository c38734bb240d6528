"""HTTP/1.1 as bytes, from the caller's side: the only module that knows which parser is used. No IO."""

from __future__ import annotations

from typing import NamedTuple

import h11
import httpx

MAX_HEAD_BYTES = 65536  # a status line with all its headers; also one chunk's framing

Headers = list[tuple[bytes, bytes]]


class AnswerHead(NamedTuple):
    """Status line and headers of a final answer."""

    status: int
    reason: bytes
    version: bytes
    headers: Headers


class Parser:
    """One connection's worth of exchanges, one after another.

    Faults of the peer raise httpx.RemoteProtocolError; a request that must not be written so raises
    httpx.LocalProtocolError, which never repeats the offending text since that may be a secret.
    """

    def __init__(self) -> None:
        self._wire = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._broken: httpx.RemoteProtocolError | None = None
        self._ended = False
        self.complete = False
        """The answer's last byte has been read."""

    # ---- the request ----

    def encode_head(self, method: bytes, target: bytes, headers: Headers) -> bytes:
        """Begin a request."""
        try:
            request = h11.Request(method=method, target=target, headers=headers)
        except h11.LocalProtocolError:
            raise httpx.LocalProtocolError("a header or the path holds what HTTP/1.1 cannot carry") from None
        return self._encode(request)

    def encode_body(self, piece: bytes | memoryview) -> bytes:
        """Write some of the body."""
        return self._encode(h11.Data(data=piece))  # pyright: ignore[reportArgumentType]  h11 takes any buffer

    def encode_end(self) -> bytes:
        """End the request."""
        return self._encode(h11.EndOfMessage())

    def _encode(self, event: h11.Event) -> bytes:
        try:
            return self._wire.send(event) or b""
        except h11.LocalProtocolError:
            raise httpx.LocalProtocolError("the body's length is not the announced one") from None

    # ---- the answer ----

    def feed(self, data: bytes) -> None:
        """Take what one read brought; b"" when the peer will send no more."""
        self._ended = not data
        try:
            self._wire.receive_data(data)
        except h11.RemoteProtocolError as fault:
            self._broken = httpx.RemoteProtocolError(str(fault))

    def read_head(self) -> AnswerHead | None:
        """Give the final answer's head once it is whole; informational ones (1xx) are passed over."""
        while not isinstance(event := self._next_event(), h11.Response):
            if event is h11.NEED_DATA:
                return None
            if not isinstance(event, h11.InformationalResponse):
                raise self._break("the answer does not begin with a status line")
        return AnswerHead(event.status_code, event.reason, event.http_version, list(event.headers))

    def read_body(self) -> bytes:
        """Give all the body that has been fed and not yet given; sets `complete` at the end.

        What came before a fault is given first, the fault is raised by the next call.
        """
        pieces: list[bytes] = []
        while not self.complete:
            try:
                event = self._next_event()
            except httpx.RemoteProtocolError:
                if pieces:
                    break
                raise
            if isinstance(event, h11.Data):
                pieces.append(bytes(event.data))  # h11 gives a bytearray
            elif isinstance(event, h11.EndOfMessage):
                self.complete = True
            elif event is h11.NEED_DATA and not self._ended:
                break
            else:
                raise self._break("the body is cut short")
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        if self._broken is not None:
            raise self._broken
        try:
            return self._wire.next_event()
        except h11.RemoteProtocolError as fault:
            raise self._break(str(fault)) from fault

    def _break(self, message: str) -> httpx.RemoteProtocolError:
        self._broken = httpx.RemoteProtocolError(message)
        return self._broken

    # ---- between exchanges ----

    @property
    def has_leftover(self) -> bool:
        """Bytes have come that belong to no answer."""
        return bool(self._wire.trailing_data[0])

    def recycle(self) -> bool:
        """Make ready for the next exchange; False where this connection must not carry another."""
        done = self._wire.our_state is h11.DONE and self._wire.their_state is h11.DONE
        if not done or self._ended or self.has_leftover:
            return False
        self._wire.start_next_cycle()
        self.complete = False
        return True
