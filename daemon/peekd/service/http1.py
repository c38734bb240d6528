"""hypercorn's HTTP/1.1 as this daemon can live with it: no upgrades, apps that can block nobody."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress

import h11
import trio
from hypercorn.config import Config
from hypercorn.protocol.events import Request
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import AppWrapper, ASGIReceiveEvent, ASGISendEvent, Scope
from typing_extensions import override

from peekd.records.entries import ERROR, Entry, Journal

Put = Callable[[ASGIReceiveEvent], Awaitable[None]]
Send = Callable[[ASGISendEvent | None], Awaitable[None]]


class Tasks:
    """What hypercorn calls a task group; the apps in it can neither block the reader nor take it down."""

    def __init__(self, nursery: trio.Nursery, journal: Journal) -> None:
        self._nursery = nursery
        self._journal = journal

    async def spawn_app(self, app: AppWrapper, config: Config, scope: Scope, send: Send) -> Put:
        """Start an app on a request; gives what hands it the client's messages."""
        await trio.lowlevel.checkpoint()
        give, take = trio.open_memory_channel[ASGIReceiveEvent](config.max_app_queue_size)
        answered = False

        async def tell(message: ASGISendEvent | None) -> None:
            nonlocal answered
            if message is not None and message["type"] == "http.response.body":
                answered = not message.get("more_body", False)
            await send(message)

        async def put(event: ASGIReceiveEvent) -> None:
            # After the last byte the app wants neither the rest of a body nor word that the client is gone:
            # Quart-Trio would cancel the very task that still has the connection to put in order.
            if not answered:
                with suppress(trio.BrokenResourceError):  # the app ended without reading it all
                    await give.send(event)

        self._nursery.start_soon(self._serve, app, scope, take, tell)
        return put

    async def _serve(
        self, app: AppWrapper, scope: Scope, take: trio.MemoryReceiveChannel[ASGIReceiveEvent], send: Send
    ) -> None:
        with take:
            try:
                await app(scope, take.receive, send, trio.to_thread.run_sync, trio.from_thread.run)
            except BaseExceptionGroup as group:
                faults, rest = group.split(Exception)
                if faults is not None:
                    told = "".join(traceback.format_exception(faults))
                    self._journal(Entry(f"An answer broke off by a fault of peekd's own:\n{told}", ERROR))
                if rest is not None:
                    raise rest from None
            await send(None)


class Pause:
    """Where hypercorn waits while a client has sent more than one request at a time.

    It stops reading then, and would not see the client go; so what comes is read ahead here, within bounds.
    """

    def __init__(self, read_ahead: Callable[[], Awaitable[None]]) -> None:
        self._read_ahead = read_ahead
        self._event = trio.Event()

    async def clear(self) -> None:
        """Close the door."""
        self._event = trio.Event()

    async def set(self) -> None:
        """Open it."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether it stands open."""
        return self._event.is_set()

    async def wait(self) -> None:
        """Wait until it opens, reading ahead meanwhile."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read_ahead)
            await self._event.wait()
            nursery.cancel_scope.cancel()


class Http1(H11Protocol):
    """hypercorn's HTTP/1.1 without its upgrades: whoever asks for one is answered as if it had not."""

    @override
    async def _check_protocol(self, event: h11.Request) -> None:
        """Let HTTP/2, by upgrade or by assumption, be a request like any other."""

    @override
    async def _create_stream(self, request: h11.Request) -> None:
        self.stream = HTTPStream(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=list(request.headers),
                http_version=request.http_version.decode(),
                method=request.method.decode("ascii").upper(),
                raw_path=_origin_form(request.target),
                state=self.connection_state,
            )
        )
        self.keep_alive_requests += 1


def _origin_form(target: bytes) -> bytes:
    """Give path and query of a request target, in whichever form of RFC 9112 section 3.2 it came.

    >>> _origin_form(b"http://localhost:8045/v1/models?limit=1"), _origin_form(b"*"), _origin_form(b"/a//b")
    (b'/v1/models?limit=1', b'/*', b'/a//b')
    """
    if target.startswith(b"/"):
        return target
    scheme, mark, rest = target.partition(b"://")
    if mark and scheme.isalpha():
        target = rest[len(rest.partition(b"/")[0]) :]
        return target or b"/"
    return b"/" + target
