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
from peekd.upstream.timeouts import Mark, Timeouts, told_as, unmarked

RELEASE_SECONDS = 1.0  # it waits for nothing; this only says that it may not


ELSEWHERE = 64
"""Connections at once, at least, to whom is not the upstream: no access token waits for another account's."""


class Body(httpx.AsyncByteStream):
    """The answer's body, still encoded as it was sent; it holds the connection and its slot until closed."""

    def __init__(self, connection: Connection, pool: Pool) -> None:
        self.receive = connection.receive
        """Gives what one read brought; b"" once the answer is complete."""
        self._connection = connection
        self._pool = pool
        self._closed = False

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
        try:
            await self._connection.finish()
        finally:
            if not self._pool.release_nowait(self._connection):
                with trio.move_on_after(RELEASE_SECONDS, shield=True):
                    await self._pool.release(self._connection)


class Transport(httpx.AsyncBaseTransport):
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
        self._pools: dict[Origin, Pool] = {}

    @property
    def busy(self) -> int:
        """Exchanges under way, those still connecting included."""
        return sum(pool.busy for pool in self._pools.values())

    @property
    def idle(self) -> int:
        """Connections kept for later."""
        return sum(pool.idle for pool in self._pools.values())

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, give its answer with the body still to come.

        In `extensions`: "body", the `Body` itself, and "sent", when the request was out, by trio's clock.

        Raises what httpx names for it; `request.extensions["timeout"]` holds as `Timeouts` tells, and what
        stands under "mark" is told when each phase is over.
        """
        origin = Origin.of(request.url)
        timeouts = Timeouts.of(request)
        mark: Mark = request.extensions.get("mark", unmarked)
        message = await self._message(request, origin)
        pool = self._pool(origin)
        connection = await pool.acquire(timeouts, mark)
        answered, began = False, trio.current_time()
        try:
            head = await connection.exchange(message, timeouts)
            answered = True
        finally:
            if connection.sent >= began:  # else it is that of the exchange before
                mark("sent", connection.sent)
            if not answered:
                with trio.move_on_after(RELEASE_SECONDS, shield=True):
                    await pool.release(connection)
        body = Body(connection, pool)
        extensions = {
            "http_version": b"HTTP/" + head.version,
            "reason_phrase": head.reason,
            "body": body,
            "sent": connection.sent,
        }
        return httpx.Response(head.status, headers=head.headers, stream=body, extensions=extensions)

    @override
    async def aclose(self) -> None:
        """Close what is idle; what is busy is closed when its answer is."""
        for pool in self._pools.values():
            await pool.aclose()

    def _pool(self, origin: Origin) -> Pool:
        pool = self._pools.get(origin)
        if pool is None:
            most = self._max_connections
            if self._own not in {None, origin}:
                most = max(most, ELSEWHERE)
            pool = self._pools[origin] = Pool(most, lambda: self._connect(origin))
        return pool

    async def _message(self, request: httpx.Request, origin: Origin) -> Message:
        target = request.url.raw_path
        headers = request.headers.raw
        if (proxy := self._forwarder(origin)) is not None:
            target = f"{origin.scheme}://{origin.authority}".encode("ascii") + target
            headers = [*headers, *proxy_authorization(proxy)]
        return Message(request.method.encode("ascii"), target, headers, await request.aread())

    def _forwarder(self, origin: Origin) -> httpx.URL | None:
        """Give the proxy that takes plain requests whole (RFC 9112 §3.2.2), where no tunnel is asked for."""
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
