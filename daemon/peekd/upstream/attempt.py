"""One try at one upstream with one account. All that httpx raises becomes an outcome here, and only here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import NoReturn, Self

import httpx
import msgspec
import trio
from typing_extensions import override

from peekd.healing.settings import HealingSettings
from peekd.upstream.encoding import Inflater, open_decoder
from peekd.upstream.parser import Headers
from peekd.upstream.seam import Answer, Order, Said, Sender, place_of
from peekd.upstream.timeouts import Mark, Timeouts, unmarked
from peekd.upstream.transport import Body
from peekd.vocabulary.outcomes import POOL_TIMEOUT, ErrorInStream, HeadersTimeout, Rejected, Unreachable
from peekd.wire.headers import upstream_request_id

REFUSAL_BYTES = 1 << 20
MESSAGE_CHARACTERS = 200

Failure = Unreachable | HeadersTimeout | Rejected

# Before the status line: what httpx raises -> outcome, its type. The nearest ancestor's row holds.
# A write that stalls is a request that got no status line in time: its cost is the long wait, as there.
FAILURES: dict[type[Exception], tuple[type[Failure], str]] = {
    httpx.PoolTimeout: (Unreachable, POOL_TIMEOUT),
    httpx.ConnectTimeout: (Unreachable, "connect_timeout"),
    httpx.ConnectError: (Unreachable, "connect_error"),
    httpx.ProxyError: (Unreachable, "proxy_error"),
    httpx.WriteTimeout: (HeadersTimeout, "write_timeout"),
    httpx.WriteError: (Unreachable, "write_error"),
    httpx.ReadTimeout: (HeadersTimeout, "read_timeout"),
    httpx.ReadError: (Unreachable, "read_error"),
    httpx.RemoteProtocolError: (Unreachable, "protocol_error"),
    httpx.LocalProtocolError: (Rejected, "unsendable"),
    httpx.InvalidURL: (Rejected, "unsendable"),
    httpx.UnsupportedProtocol: (Unreachable, "unsupported_protocol"),
    httpx.HTTPError: (Unreachable, "transport_error"),
}

# In the body: an error_in_stream of this type.
BODY_FAILURES: dict[type[Exception], str] = {
    httpx.ReadError: "reset",
    httpx.RemoteProtocolError: "cut",
    httpx.DecodingError: "undecodable",
    httpx.HTTPError: "transport_error",
}


class Posting(msgspec.Struct, frozen=True, gc=False):
    """What is to be sent, and how long it may take."""

    url: str
    said: Said
    body: bytes
    deadlines: HealingSettings
    method: str = "POST"

    @override
    def __repr__(self) -> str:
        """Leave out the headers: one is the credential."""
        return f"Posting({self.url!r}, {len(self.body)} bytes)"


class Attempt:
    """`async with` sends it and waits for the status line; leaving closes the stream, come what may.

    Afterwards either `failure` is set, or `status` and `headers` are. What the upstream or the network did is
    never raised. One task reads.
    """

    def __init__(self, client: Sender, posting: Posting, opened: set[Attempt]) -> None:
        self._client = client
        self._posting = posting
        self._opened = opened
        self._patience = posting.deadlines.headers_seconds
        self._answer: Body | None = None
        self._read: Callable[[], Awaitable[bytes]] = _nothing_to_read
        self._read_nowait: Callable[[], bytes] = bytes
        self._decoder: Inflater | None = None
        self._ended: bytes | ErrorInStream | None = None
        self.mark: Mark = unmarked
        """Told when each phase on the way to the status line is over; to be set before it begins."""
        self.failure: Failure | None = None
        """Why there is no status."""
        self.sent = 0.0
        """When the whole request was out, by trio's clock; where it never was, when the attempt began."""
        self.status = 0
        self.headers: Mapping[str, str] = {}
        """By lower-case name; of an encoding that `receive` undoes, nothing is left here."""
        self.upstream_request_id = ""
        """The number under which the upstream knows this; "" where it gives none."""

    async def __aenter__(self) -> Self:
        self._opened.add(self)
        self.sent = trio.current_time()
        try:
            self._read_head(await self._client.carry(self._order()))
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            self.failure = _failure(fault)
        except BaseException:
            self._opened.discard(self)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._answer is not None:
                await self._answer.aclose()
        finally:
            self._opened.discard(self)

    def _order(self) -> Order:
        """Put the request as our transport needs it. Raises httpx.InvalidURL, httpx.UnsupportedProtocol."""
        posting, deadlines = self._posting, self._posting.deadlines
        connect = deadlines.connect_seconds
        timeouts = Timeouts(connect, deadlines.send_seconds, deadlines.headers_seconds, connect)
        place = place_of(posting.url)
        return Order(posting.method, place, posting.said, posting.body, timeouts, self.mark)

    def _read_head(self, answer: Answer) -> None:
        """Take what came; of it and of what was sent nothing else is kept: a stream may go on for long."""
        body: Body = answer.extensions["body"]
        self._answer, self._read, self._read_nowait = body, body.receive, body.receive_nowait
        self.status, self.sent = answer.status_code, answer.extensions["sent"]
        del self._posting
        self.mark = unmarked
        self.headers = headers = _joined(answer.raw)
        self.upstream_request_id = upstream_request_id(headers)
        if encoding := headers.get("content-encoding"):
            self._decode(encoding, headers)

    def _decode(self, encoding: str, headers: dict[str, str]) -> None:
        try:
            self._decoder = open_decoder(encoding)
        except httpx.DecodingError as fault:
            self._ended = _broken(fault, self.status)
        if self._decoder is not None:
            del headers["content-encoding"]
            headers.pop("content-length", None)

    async def receive(self) -> bytes | ErrorInStream:
        """Give what one read brought, decoded; b"" at the body's proper end; an ErrorInStream where it broke.

        No deadline stands here: the reader knows what silence means. After an end or a break the same comes
        again.
        """
        if self._ended is None:
            decoder = self._decoder
            try:
                piece = await (self._read() if decoder is None else self._receive_decoded(decoder))
                if piece:
                    return piece
                self._ended = b""
            except httpx.HTTPError as fault:
                self._ended = _broken(fault, self.status)
        return self._ended

    def receive_nowait(self) -> bytes:
        """Give what has already come; b"" where `receive` must be asked, which knows what that means."""
        return self._read_nowait() if self._decoder is None and self._ended is None else b""

    @property
    def at_end(self) -> bool:
        """Whether the end came with what was given last: `receive` then says so, and waits for nothing."""
        return self._decoder is None and self._answer is not None and self._answer.complete

    async def _receive_decoded(self, decoder: Inflater) -> bytes:
        while not (piece := decoder.take()):
            data = await self._read()
            if not data:
                decoder.close()
                return b""
            decoder.feed(data)
        return piece

    async def read_refusal(self, limit: int = REFUSAL_BYTES) -> bytes:
        """Give the body of an answer that is not 2xx, at most `limit` bytes of it; what came, where it broke.

        The wait ends after `headers_seconds`: the status is known, and nobody waits longer for its wording.
        """
        pieces: list[bytes] = []
        size = 0
        with trio.move_on_after(self._patience):
            while size < limit and (piece := await self.receive()) and isinstance(piece, bytes):
                pieces.append(piece)
                size += len(piece)
        return b"".join(pieces)[:limit]


def _nothing_to_read() -> NoReturn:
    raise RuntimeError("there is no answer to read")


def _joined(raw: Headers) -> dict[str, str]:
    """Give headers by name; of a name that stands twice, the values one after the other."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _failure(fault: Exception) -> Failure:
    outcome, name = next(FAILURES[kind] for kind in type(fault).__mro__ if kind in FAILURES)
    return outcome(type=name, message=str(fault)[:MESSAGE_CHARACTERS])


def _broken(fault: Exception, status: int) -> ErrorInStream:
    name = next(BODY_FAILURES[kind] for kind in type(fault).__mro__ if kind in BODY_FAILURES)
    return ErrorInStream(status=status, type=name, message=str(fault)[:MESSAGE_CHARACTERS])
