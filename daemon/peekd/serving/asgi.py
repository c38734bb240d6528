"""ASGI between a server and the app: takes a request in, opens its nursery, sends the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Protocol, cast

import trio

from peekd.relay.delivery import Final
from peekd.serving.asking import Asking, Scope, Stay
from peekd.serving.body import Body
from peekd.serving.outgoing import Answer

Receive = Callable[[], Awaitable[Mapping[str, object]]]
"""ASGI's: waits for a message of the client's."""

Send = Callable[[Mapping[str, object]], Awaitable[None]]
"""ASGI's: hands a message to the server."""

_LAST = {"type": "http.response.body", "body": b"", "more_body": False}


class Inbox(Protocol):
    """A server's `receive` that can also tell what has come, and when the client goes, nobody waiting."""

    def ready(self) -> Mapping[str, object] | None:
        """Give the next message if it has come."""
        ...

    def when_gone(self, tell: Callable[[], object]) -> None:
        """Give no more messages: only call `tell` when the client has gone."""
        ...


class App(Protocol):
    """Who answers."""

    def take(self, scope: Scope) -> Asking:
        """Take a request in; it has no nursery yet."""
        ...

    async def answer(self, asking: Asking) -> Answer:
        """Find the answer; what goes wrong is one, too."""
        ...

    def encode_head(self, answer: Answer, asking: Asking) -> Mapping[str, object]:
        """Write the message that begins it."""
        ...

    def leave(self, stay: Stay) -> None:
        """Forget a request that is over, sent or not."""
        ...


async def serve(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one request in the task that it came in.

    What has come of the body is taken in before; where that is all, nobody need listen. No time limit is
    looked at here: silence has deadlines elsewhere, and a long answer has none.
    """
    asking = app.take(scope)
    inbox = _inbox_of(receive)
    if inbox is not None and not _take_in(asking.body, inbox):
        return
    stay = asking.stay
    async with trio.open_nursery() as nursery:
        asking.nursery = nursery
        if inbox is not None and asking.body.complete:
            inbox.when_gone(nursery.cancel_scope.cancel)
        else:
            nursery.start_soon(_listen, asking.body, receive, nursery.cancel_scope)
        try:
            answer = await app.answer(asking)
            await send(app.encode_head(answer, asking))
            # An answer may take long, and what asked for it is not needed any more.
            body = answer.body if isinstance(answer, Final) else answer.chunks
            del asking, answer, scope
            await _send_body(body, send)
        finally:
            app.leave(stay)
        if nursery.child_tasks:
            nursery.cancel_scope.cancel()


async def _listen(body: Body, receive: Receive, scope: trio.CancelScope) -> None:
    """Take the body in, and end the request when its client goes; nobody waits for that if told."""
    inbox = _inbox_of(receive)
    while inbox is None or not body.complete:
        message = await receive()
        if message["type"] == "http.disconnect":
            scope.cancel()
            return
        body.take(message)
    inbox.when_gone(scope.cancel)


async def _send_body(body: bytes | AsyncIterator[bytes], send: Send) -> None:
    if isinstance(body, bytes):
        await send({"type": "http.response.body", "body": body, "more_body": True})
    else:
        async for piece in body:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            del piece  # or it would be held until there is another
    await send(_LAST)


def _inbox_of(receive: Receive) -> Inbox | None:
    return cast("Inbox", receive) if hasattr(receive, "when_gone") else None


def _take_in(body: Body, inbox: Inbox) -> bool:
    """Take in what has come; False where the client is gone already."""
    while (message := inbox.ready()) is not None:
        if message["type"] == "http.disconnect":
            return False
        body.take(message)
    return True
