"""One client's connection: hypercorn's HTTP/1.1, with every wait bounded. Not the accept loop: `guard`.

hypercorn keeps a connection's timers and its closing in tasks that Quart-Trio cancels together with the
request; here they are deadlines of the one task that reads, so there is nothing that could be lost.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Protocol, cast

import h11
import msgspec
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState, LifespanState, TaskGroup

from peekd.records.entries import DEBUG, NOTICE, Entry, Journal
from peekd.relay.delivery import LANE
from peekd.service.exchange import Tasks
from peekd.service.http1 import Http1, Pause
from peekd.service.lane import Lane, Turn, receiver_of
from peekd.service.wire import Wire
from peekd.upstream.timeouts import STREAM_FAILURES

READ_BYTES = 64 * 1024
LINGER_SECONDS = 2.0
"""How long what still comes is read and thrown away after a last answer, so that no reset overtakes it."""

_SAID = b'{"error":{"type":"invalid_request","message":"the head of the request did not arrive in time"}}'
_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_SAID), _SAID)
)

GOODBYE_SECONDS = 1.0
"""How long telling a request that its client is gone may take."""

_STATUS_LINE = b"HTTP/1."
_REQUEST_ID = b"\r\nx-request-id: "


class Terms(msgspec.Struct, frozen=True):
    """What holds for every connection of a server. Times in seconds."""

    app: ASGIWrapper
    config: Config
    context: WorkerContext
    journal: Journal
    write_stall_seconds: float
    keep_alive_seconds: float
    head_seconds: float


class Stopping(Protocol):
    """Tells whether the server takes no more requests."""

    def __call__(self) -> bool:
        """True from the moment it was told to stop."""
        ...


class Connection:
    """Serves one connection until either side is done with it; `run` never raises but Cancelled."""

    __slots__ = (
        "_ahead",
        "_begun",
        "_discarding",
        "_http",
        "_idle",
        "_lane",
        "_reading",
        "_receive",
        "_request",
        "_stopping",
        "_stream",
        "_terms",
        "_writing",
    )

    def __init__(self, stream: trio.SocketStream, terms: Terms, stopping: Stopping) -> None:
        self._stream = stream
        self._terms = terms
        self._stopping = stopping
        self._idle = True
        self._begun = False
        """Whether some of a request's head has come, and not yet all of it."""
        self._discarding = False
        self._ahead = bytearray()
        self._request = ""
        self._receive = receiver_of(stream)
        self._writing = Turn()
        self._reading = trio.CancelScope()
        self._lane = Lane(stream, self._writing, self._write, self._lost)
        self._http: Http1

    async def run(self) -> None:
        """Serve it, and close it whatever happens."""
        try:
            async with trio.open_nursery() as nursery:
                self._http = self._protocol(nursery)
                self._reading.deadline = trio.current_time() + self._terms.keep_alive_seconds
                with self._reading:
                    await self._read()
                if self._reading.cancelled_caught and self._begun and not self._stopping():
                    await self._write(_LATE)
                with trio.move_on_after(GOODBYE_SECONDS, shield=True):
                    await self._http.close()
        except BaseExceptionGroup as group:
            faults, rest = group.split(Exception)
            if faults is not None:  # no fault of one connection may reach the others
                words = "; ".join(repr(fault) for fault in faults.exceptions)
                self._terms.journal(Entry(f"connection dropped: {words}", NOTICE))
            if rest is not None:
                raise rest from None
        finally:
            await trio.aclose_forcefully(self._stream)

    def hasten(self) -> None:
        """The server stops: go now if nothing is under way, else right after the answer."""
        if self._idle:
            self._reading.cancel()

    def _protocol(self, nursery: trio.Nursery) -> Http1:
        socket = self._stream.socket
        http = Http1(
            cast("AppWrapper", self._terms.app),
            self._terms.config,
            self._terms.context,
            cast("TaskGroup", nursery),  # which nobody asks: `tasks` serves
            ConnectionState(cast("LifespanState", {LANE: self._lane})),
            ssl=False,
            client=_end(socket.getpeername()),
            server=_end(socket.getsockname()),
            send=self._send,
        )
        http.wire = Wire(self._terms.config.h11_max_incomplete_size)
        http.connection = cast("h11.Connection", http.wire)
        http.tasks = Tasks(nursery, self._terms.journal)
        http.pause = Pause(self._read_ahead)
        http.lane, http.write, http.rest = self._lane, self._say, self._rest
        return http

    async def _read(self) -> None:
        while True:
            try:
                data = self._take_ahead() or await self._receive(READ_BYTES)
            except STREAM_FAILURES:
                return
            if not data:
                return
            if not self._discarding:
                await self._http.hear(bytes(data))
            if not self._discarding:
                self._expect_head()
            del data  # or the last of a body would be held until something else comes

    def _expect_head(self) -> None:
        """From the first byte of a head on, the client has `head_seconds` for the rest of it."""
        begun = self._idle and bool(self._http.wire.trailing_data[0])
        if begun and not self._begun:
            self._reading.deadline = trio.current_time() + self._terms.head_seconds
        self._begun = begun

    async def _read_ahead(self) -> None:
        """While the protocol takes nothing: keep what comes, and see the client go."""
        while len(self._ahead) < READ_BYTES:
            data = await self._receive_ahead()
            if not data:
                self._reading.cancel()
                return
            self._ahead += data

    async def _receive_ahead(self) -> bytes:
        try:
            return await self._receive(READ_BYTES)
        except STREAM_FAILURES:
            return b""

    def _take_ahead(self) -> bytes:
        ahead, self._ahead = bytes(self._ahead), bytearray()
        return ahead

    # ---- what the protocol wants done ----------------------------------------------------------------

    async def _send(self, event: Event) -> None:
        if isinstance(event, RawData):
            await self._say(event.data)
        elif isinstance(event, Closed):
            await self._finish()

    async def _say(self, data: bytes) -> None:
        if data.startswith(_STATUS_LINE):
            self._request = _request_of(data)
        if data := self._lane.joined(data):
            await self._write(data)

    def _rest(self, *, idle: bool) -> None:
        """Between requests the reader has `keep_alive_seconds`; a request has limits of its own."""
        self._idle = idle
        self._begun = False
        self._reading.deadline = trio.current_time() + self._terms.keep_alive_seconds if idle else math.inf
        if idle and self._stopping():
            self._reading.cancel()

    async def _write(self, data: bytes) -> None:
        """Send whole; a client that takes nothing for `write_stall_seconds` is dropped.

        Not shielded: whoever cancels a write has given the connection up.
        """
        if data and not self._writing.taken:
            data = self._lane.write_some(data)
        if not data:
            return
        async with self._writing:
            rest = memoryview(data)
            try:
                rest = await self._send_some(rest)
            except (OSError, trio.ClosedResourceError) as error:
                self._lost(error)
            finally:
                if rest:
                    self._reading.cancel()

    def _lost(self, error: Exception) -> None:
        self._terms.journal(Entry(f"client gone while being written to: {error}", DEBUG))
        self._reading.cancel()

    async def _send_some(self, rest: memoryview) -> memoryview:
        """Send as much as the client takes in time, and give the rest: nothing, as a rule."""
        seconds = self._terms.write_stall_seconds
        while rest:
            with trio.CancelScope(deadline=trio.current_time() + seconds) as patience:  # fail_after is dearer
                rest = rest[await self._stream.socket.send(rest) :]
            if patience.cancelled_caught:
                words = f"client stopped reading for {seconds:g} s (server.write_stall_seconds); dropped"
                told = Entry(words, NOTICE, self._request, phase="relay", outcome="client_gone")
                self._terms.journal(told)
                break
        return rest

    async def _finish(self) -> None:
        """No request follows. Where more is still coming in, say so and let it come for a moment."""
        await self._lane.drain()
        if self._http.wire.their_state not in {h11.SEND_BODY, h11.ERROR}:
            self._reading.cancel()
            return
        self._discarding = True
        self._reading.deadline = trio.current_time() + LINGER_SECONDS
        async with self._writing:
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await self._stream.send_eof()


def _request_of(head: bytes) -> str:
    r"""Give the id of the request that an answer is for.

    >>> _request_of(b"HTTP/1.1 200 \r\nx-request-id: req_1\r\n\r\n"), _request_of(b"HTTP/1.1 200 \r\n\r\n")
    ('req_1', '')
    """
    _, found, rest = head.partition(_REQUEST_ID)  # in lower case, as our own answers have it
    return rest.partition(b"\r\n")[0].decode("latin-1") if found else ""


def _end(address: object) -> tuple[str, int] | None:
    """Give host and port of a socket's end, None for a unix socket."""
    if not isinstance(address, tuple):
        return None
    host, port = cast("tuple[str, int]", address)[:2]
    return host, port
