"""One open stream and the exchanges it carries, one at a time. It knows nothing of pools and origins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

import httpx
import msgspec
import trio

from peekd.upstream.dial import beginner_of, is_readable, reader_of
from peekd.upstream.parser import AnswerHead, Headers, Parser
from peekd.upstream.timeouts import STREAM_FAILURES, Mark, Timeouts, bounded, reason, unmarked

READ_BYTES = 65536
PIECE_BYTES = 65536  # of a request's body, written under one deadline
FINISH_SECONDS = 0.001  # what has arrived is read; nobody's answer waits for what has not
LAST_WORDS_SECONDS = 1.0  # an upstream that stopped taking the request has this long to have said why


class Message(msgspec.Struct, frozen=True, gc=False):
    """A request as it is put on the wire. `head`: its begin, encoded already; b"" where it is not."""

    method: bytes
    target: bytes
    headers: Headers
    body: bytes
    head: bytes = b""


class Connection:
    """A stream that speaks HTTP/1.1, for one task at a time; an exchange cancelled half way spoils it."""

    __slots__ = (
        "_begin",
        "_bodied",
        "_head",
        "_parser",
        "_receive",
        "_stream",
        "_watched",
        "idle_since",
        "sent",
    )

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._receive = reader_of(stream)
        self._begin = beginner_of(stream)
        self._parser = Parser()
        self._head: AnswerHead | None = None
        self._watched: httpx.TransportError | None = None
        self._bodied = False
        self.idle_since = 0.0
        """Since when it is kept for later; its pool's to say."""
        self.sent = 0.0
        """When the last request was out, as far as the upstream took it."""

    # ---- an exchange ----

    async def exchange(self, message: Message, timeouts: Timeouts, mark: Mark = unmarked) -> AnswerHead:
        """Send a request and read the head of its answer, which may come before all is sent.

        `mark` is told when the request is out, as far as the upstream took it.
        Raises httpx's WriteTimeout, WriteError, ReadTimeout, ReadError, RemoteProtocolError,
        LocalProtocolError.
        """
        self._head = self._watched = None
        pieces = self._pieces(message)
        send = self._send_watching if len(message.body) > PIECE_BYTES else self._send
        failure = await send(pieces, timeouts.write)
        self.sent = now = trio.current_time()
        mark("sent", now)
        if isinstance(failure, httpx.WriteTimeout):
            raise failure
        patience = timeouts.read if failure is None else min(timeouts.read, LAST_WORDS_SECONDS)
        try:
            with trio.CancelScope(deadline=now + patience):
                return await self._read_head()
            raise httpx.ReadTimeout(f"waiting for the status line: not done in {patience:g} s")
        except httpx.TransportError:
            if failure is not None:
                raise failure from None
            raise

    def _pieces(self, message: Message) -> Iterable[bytes]:
        """Cut the request; the head goes out with the first piece of the body, in one write."""
        head = message.head
        if head:
            self._parser.begin(len(message.body))
        else:
            head = self._parser.encode_head(message.method, message.target, message.headers)
        if len(message.body) > PIECE_BYTES:
            return self._cut(head, memoryview(message.body))
        return (head + self._parser.encode_body(message.body) + self._parser.encode_end(),)

    def _cut(self, begun: bytes, body: memoryview) -> Iterator[bytes]:
        for start in range(0, len(body), PIECE_BYTES):
            yield begun + self._parser.encode_body(body[start : start + PIECE_BYTES])
            begun = b""
        if last := self._parser.encode_end():
            yield last

    async def _send(self, pieces: Iterable[bytes], write: float) -> httpx.TransportError | None:
        """Send all. A failure is given, not raised: the upstream may have answered nevertheless."""
        await trio.lowlevel.checkpoint_if_cancelled()  # where nobody wants it any more, nothing goes out
        try:
            for piece in pieces:
                if rest := self._begin(piece):
                    with bounded(write, httpx.WriteTimeout, "sending"):
                        await self._stream.send_all(rest)
        except httpx.WriteTimeout as failure:
            return failure
        except STREAM_FAILURES as fault:
            return httpx.WriteError(f"sending: {reason(fault)}")
        return None

    async def _send_watching(self, pieces: Iterable[bytes], write: float) -> httpx.TransportError | None:
        """Send a long request, and stop as soon as the upstream answers or goes."""
        failure = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, nursery.cancel_scope)
            failure = await self._send(pieces, write)
            nursery.cancel_scope.cancel()
        return failure or self._watched

    async def _watch(self, sending: trio.CancelScope) -> None:
        try:
            await self._read_head()
        except httpx.TransportError as failure:
            self._watched = failure
        sending.cancel()

    async def _read_head(self) -> AnswerHead:
        parser = self._parser
        while self._head is None:
            try:
                data = await self._receive(READ_BYTES)
            except STREAM_FAILURES as fault:
                raise _unreadable(fault) from fault
            if not data:
                raise httpx.RemoteProtocolError("the upstream closed the connection without an answer")
            parser.feed(data)
            self._head = parser.read_head()
        return self._head

    async def receive(self) -> bytes:
        """Give all the body one read brought, 64 KiB at most, undecoded; b"" once the answer is complete.

        Raises httpx.ReadError, or httpx.RemoteProtocolError where the body is cut or garbled.
        """
        parser = self._parser
        data = b"" if parser.spent else parser.read_body()
        while not data:
            if parser.complete:
                return b""
            try:
                parser.feed(await self._receive(READ_BYTES))
            except STREAM_FAILURES as fault:
                raise _unreadable(fault) from fault
            data = parser.read_body()
        self._bodied = True
        return data

    def receive_nowait(self) -> bytes:
        """Give what has already come of the body; b"" where `receive` must be asked."""
        if not self._parser.has_body:
            return b""
        data = self._parser.read_body()
        self._bodied = self._bodied or data != b""
        return data

    # ---- after it, and between two ----

    @property
    def complete(self) -> bool:
        """Whether the answer has been read to its last byte."""
        return self._parser.complete

    async def finish(self) -> None:
        """Take the answer's end if it is as good as here, so that the connection can serve again."""
        with suppress(httpx.TransportError, *STREAM_FAILURES):  # shows in `recycle`
            self._parser.read_body()
            if self._parser.complete:
                return
            with trio.move_on_after(FINISH_SECONDS):
                self._parser.feed(await self._receive(READ_BYTES))
                self._parser.read_body()

    def recycle(self) -> bool:
        """Make ready for the next exchange; False where there can be none.

        No model answers without a body. One that has none may be an answer too many to the request before,
        and what is still to come would be taken for the next one's.
        """
        bodied, self._bodied = self._bodied, False
        return self._head is not None and bodied and self._parser.recycle()

    def looks_dead(self) -> bool:
        """Whether the peer has closed this idle connection, or sent what nobody asked for."""
        return is_readable(self._stream)

    async def aclose(self) -> None:
        """Close at once, saying no goodbye; waits for nothing, and no cancellation stops it half way."""
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(self._stream)


def _unreadable(fault: Exception) -> httpx.ReadError:
    return httpx.ReadError(f"reading: {reason(fault)}")
