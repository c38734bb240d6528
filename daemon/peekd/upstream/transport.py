"""httpx's transport, our own: pools that lose no slot to a cancellation, and one read for one piece of body.

Under httpx's public seam; client, URL, Request, Response and exceptions stay httpx's. HTTP/1.1 only. It
retries nothing, follows nothing, decodes nothing, and takes no setting from the environment.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import trio
from typing_extensions import override

from peekd.upstream.connection import Connection, Message
from peekd.upstream.dial import Dial, Origin, Tls, dial_tcp, start_tls, system_tls
from peekd.upstream.pool import Pool
from peekd.upstream.proxy import PROXY_PORTS, proxy_authorization, tunnel
from peekd.upstream.seam import Answer, Carrier, Order
from peekd.upstream.timeouts import told_as

RELEASE_SECONDS = 1.0  # it waits for nothing; this only says that it may not


ELSEWHERE = 64
"""Connections at once, at least, to whom is not the upstream: no access token waits for another account's."""


class Body(httpx.AsyncByteStream):
    """The answer's body, still encoded as it was sent; it holds the connection and its slot until closed."""

    def __init__(self, connection: Connection, pool: Pool) -> None:
        self.receive = connection.receive
        """Gives what one read brought; b"" once the answer is complete."""
        self.receive_nowait = connection.receive_nowait
        """Gives what has come already; b"" where `receive` must be asked."""
        self._connection = connection
        self._pool = pool
        self._closed = False

    @property
    def complete(self) -> bool:
        """Whether all of it has been given, to its end."""
        return self._connection.complete

    @override
    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """Give the next piece, for httpx's own ways of reading."""
        piece = await self.receive()
        if not piece:
            raise StopAsyncIteration
        return piece

    @override
    async def aclose(self) -> None:
        """Give connection and slot back; closes the connection unless its answer is complete."""
        if self._closed:
            return
        self._closed = True
        connection, pool = self._connection, self._pool
        try:
            if not connection.complete:
                await connection.finish()
        finally:
            if not pool.release_nowait(connection):
                with trio.move_on_after(RELEASE_SECONDS, shield=True):
                    await pool.release(connection)


class _Reach:
    """How an origin is reached. `forwarder`: the proxy that takes requests for it whole, if one does."""

    def __init__(self, pool: Pool, origin: Origin, forwarder: httpx.URL | None) -> None:
        self.pool = pool
        self._forwarded = forwarder is not None
        self._prefix = f"{origin.scheme}://{origin.authority}".encode("ascii")
        self._introduction = [] if forwarder is None else proxy_authorization(forwarder)

    def message(self, order: Order) -> Message:
        """Give a request as it is put on the wire (to a proxy with the whole URL, RFC 9112 §3.2.2)."""
        method, target = order.method.encode("ascii"), order.place.target
        if self._forwarded:
            return Message(method, self._prefix + target, [*order.raw, *self._introduction], order.body)
        head = order.head
        return Message(method, target, [] if head else order.raw, order.body, head)


class Transport(Carrier):
    """Everything sent to one upstream by one way (straight, or through one proxy).

    `max_connections` holds for the upstream's own address, `own`; "" for whatever is asked.
    """

    def __init__(
        self,
        max_connections: int,
        *,
        own: str = "",
        proxy: httpx.URL | None = None,
        dial: Dial = dial_tcp,
        tls: Tls = system_tls,
    ) -> None:
        self._max_connections = max_connections
        self._own = Origin.of(httpx.URL(own)) if own else None
        self._proxy = proxy
        self._dial = dial
        self._tls = tls
        self._reaches: dict[Origin, _Reach] = {}

    @property
    def busy(self) -> int:
        """Exchanges under way, those still connecting included."""
        return sum(reach.pool.busy for reach in self._reaches.values())

    @property
    def idle(self) -> int:
        """Connections kept for later."""
        return sum(reach.pool.idle for reach in self._reaches.values())

    @override
    async def carry(self, order: Order) -> Answer:
        """Send a request, give its answer, whose `stream` is a `Body`. Raises what httpx names for it."""
        reach = self._reach(order.place.origin)
        pool, message, timeouts = reach.pool, reach.message(order), order.timeouts
        connection = await pool.acquire(timeouts, order.mark)
        answered = False
        try:
            head = await connection.exchange(message, timeouts, order.mark)
            answered = True
        finally:
            if not answered:
                with trio.move_on_after(RELEASE_SECONDS, shield=True):
                    await pool.release(connection)
        return Answer(head, Body(connection, pool), order, connection.sent)

    @override
    async def aclose(self) -> None:
        """Close what is idle; what is busy is closed when its answer is."""
        for reach in self._reaches.values():
            await reach.pool.aclose()

    def _reach(self, origin: Origin) -> _Reach:
        reach = self._reaches.get(origin)
        if reach is None:
            most = self._max_connections
            if self._own not in {None, origin}:
                most = max(most, ELSEWHERE)
            pool = Pool(most, lambda: self._connect(origin))
            reach = self._reaches[origin] = _Reach(pool, origin, self._forwarder(origin))
        return reach

    def _forwarder(self, origin: Origin) -> httpx.URL | None:
        """Give the proxy that takes plain requests whole, where no tunnel is asked for."""
        if self._proxy is not None and origin.scheme == "http" and self._proxy.scheme in {"http", "https"}:
            return self._proxy
        return None

    async def _connect(self, origin: Origin) -> trio.abc.Stream:
        """Open a stream that reaches `origin`; whatever fails or is cancelled on the way is closed."""
        stream = await self._connect_first(origin)
        try:
            if self._proxy is not None and self._forwarder(origin) is None:
                await tunnel(self._proxy, stream, origin)
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return await start_tls(stream, origin.host, self._tls) if origin.scheme == "https" else stream

    async def _connect_first(self, origin: Origin) -> trio.abc.Stream:
        if self._proxy is None:
            return await self._open(origin.host, origin.port)
        port = self._proxy.port or PROXY_PORTS[self._proxy.scheme]
        stream = await self._open(self._proxy.host, port)
        if self._proxy.scheme == "https":
            return await start_tls(stream, self._proxy.host, self._tls)
        return stream

    async def _open(self, host: str, port: int) -> trio.abc.Stream:
        with told_as(httpx.ConnectError, f"cannot connect to {host}:{port}"):
            return await self._dial(host, port)
