"""One HTTP request while it is served: what is known of its caller, and the nursery that it lives in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol, cast

import trio
from quart import Quart
from quart.wrappers import Request
from quart_trio.asgi import TrioASGIHTTPConnection
from quart_trio.wrappers import TrioRequest
from typing_extensions import override

from peekd.monitor.feed import Listener
from peekd.relay.delivery import LANE, Lane
from peekd.serving.callers import Caller
from peekd.serving.ingress import CREDENTIALS, Access, take_keys


class Asking(TrioRequest):
    """A request with its nursery, filled in by `Connection` and then by the app as it learns more.

    The nursery is Quart-Trio's own for this request: it is cancelled when the client goes, and right after
    the last byte of the answer. Work started in it outlives the view that started it, and nothing else.
    """

    id: str = ""
    nursery: trio.Nursery
    query_keys: tuple[str, ...] = ()
    access: Access
    """The rules that held when it came."""
    caller: Caller = Caller(None, loopback=False)
    key: str = ""
    """The name of the key that fitted, "" for none."""
    listener: Listener | None = None
    """What it looks on with, where it asked for requests as they change."""
    inside: bool = False
    """Whether the gate has counted it, and must be told when it leaves."""
    held: int = 0
    """The bytes that the gate has counted for its body."""

    @property
    def _facts(self) -> Mapping[str, object]:
        return cast("Mapping[str, object]", self.scope)

    @cached_property
    def said(self) -> tuple[tuple[str, str], ...]:
        """The headers as the client sent them, names in lower case."""
        raw = cast("list[tuple[bytes, bytes]]", self._facts["headers"])
        return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw)

    @property
    def passable(self) -> tuple[tuple[str, str], ...]:
        """The headers without what proves who the client is: its keys concern nobody behind this room."""
        return tuple(header for header in self.said if header[0] not in CREDENTIALS)

    @property
    def target(self) -> str:
        """The path with its query, the client key's parameter already removed."""
        path = cast("bytes", self._facts["raw_path"]).decode("latin-1")
        query = self.query_string.decode("latin-1")
        return f"{path}?{query}" if query else path

    @property
    def lane(self) -> Lane | None:
        """The connection's short way to its socket, where the server has one."""
        state = cast("Mapping[str, object]", self._facts.get("state", {}))
        return cast("Lane | None", state.get(LANE))

    @property
    def peer(self) -> str | None:
        """The address at the other end of the connection, None for a local socket."""
        return _host(self._facts.get("client"))

    @property
    def local(self) -> str | None:
        """The address that the connection came in on."""
        return _host(self._facts.get("server"))


def _host(end: object) -> str | None:
    if not isinstance(end, tuple | list) or not end:
        return None
    return str(cast("tuple[object, ...]", end)[0])


class Leavable(Protocol):
    """An app that wants to know when a request is over, sent or not."""

    def leave(self, asking: Asking) -> None:
        """Forget the request."""
        ...


class Connection(TrioASGIHTTPConnection):
    """Quart-Trio's own, which also hands the request its nursery and takes client keys out of the query."""

    def __init__(self, app: Quart, scope: Mapping[str, object]) -> None:
        self._query_keys, rest = take_keys(cast("bytes", scope["query_string"]))
        super().__init__(app, cast("Any", {**scope, "query_string": rest}))

    @override
    async def handle_request(self, nursery: trio.Nursery, request: Request, send: Any) -> None:
        """Serve one request; its nursery is cancelled when this returns."""
        asking = cast("Asking", request)
        asking.nursery = nursery
        asking.query_keys = self._query_keys
        try:
            await super().handle_request(nursery, request, send)
        finally:
            cast("Leavable", self.app).leave(asking)
