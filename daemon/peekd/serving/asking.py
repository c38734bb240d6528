"""One HTTP request while it is served: what it says, what is known of its caller, and its nursery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NotRequired, TypedDict, cast

import trio
from werkzeug.datastructures import Headers
from werkzeug.sansio.request import Request

from peekd.monitor.feed import Listener
from peekd.relay.delivery import LANE, Lane
from peekd.serving.body import Body
from peekd.serving.callers import Caller
from peekd.serving.gate import MIB
from peekd.serving.ingress import CREDENTIALS, Access, take_keys
from peekd.serving.settings import ServerSettings

End = tuple[str, int | None]
"""Host and port, or path and None, of one end of a connection."""


class Scope(TypedDict):
    """What a server tells of a request: as much of ASGI's HTTP scope as is looked at here."""

    method: str
    scheme: str
    path: str
    raw_path: bytes
    query_string: bytes
    headers: Iterable[tuple[bytes, bytes]]
    client: NotRequired[End | None]
    server: NotRequired[End | None]
    state: NotRequired[Mapping[str, object]]


class Stay:
    """What of a request holds until its answer is out; all the rest may be gone when that has begun."""

    __slots__ = ("held", "inside", "key", "listener")

    def __init__(self) -> None:
        self.inside = False
        """Whether the gate has counted it, and must be told when it leaves."""
        self.key = ""
        """For which client key the gate has counted it."""
        self.held = 0
        """The bytes that the gate has counted for its body."""
        self.listener: Listener | None = None
        """What it looks on with, where it asked for requests as they change."""


class Asking:
    """A request under the rules that held when it came; filled in as more is learned of it.

    The nursery is cancelled when the client goes, and right after the last byte of the answer. Work begun in
    it outlives the view that began it, and nothing else.
    """

    __slots__ = (
        "_query",
        "_server",
        "access",
        "body",
        "caller",
        "id",
        "key",
        "lane",
        "method",
        "named",
        "nursery",
        "path",
        "peer",
        "query_keys",
        "said",
        "scheme",
        "stay",
        "target",
    )

    def __init__(self, scope: Scope, request_id: str, access: Access, settings: ServerSettings) -> None:
        self.id = request_id
        self.access = access
        self.method = scope["method"]
        self.scheme = scope["scheme"]
        self.path = "/" + scope["path"].lstrip("/")
        """Without escapes; the path of a target that begins with two slashes has one here."""
        self.query_keys, self._query = take_keys(scope["query_string"])
        self.target = _joined(scope["raw_path"], self._query)
        """The path with its query, the client key's parameter already removed."""
        self.said = tuple([(_name(name), value.decode("latin-1")) for name, value in scope["headers"]])
        """The headers as the client sent them, names in lower case."""
        self.named: Mapping[str, str] = dict(self.said)
        """The same by their names; of those that came twice, the last."""
        self.peer = _host(scope.get("client"))
        """The address at the other end of the connection, None for a local socket."""
        self._server = scope.get("server")
        self.lane = cast("Lane | None", scope.get("state", {}).get(LANE))
        """The connection's short way to its socket, where the server has one."""
        self.body = Body(settings.max_body_mib * MIB, settings.body_seconds, self._announced())
        self.stay = Stay()
        self.nursery: trio.Nursery
        self.caller = _NOBODY
        self.key = ""
        """The name of the key that fitted, "" for none."""

    def _announced(self) -> int:
        length = self.named.get("content-length", "")
        return int(length) if length.isascii() and length.isdigit() else 0

    @property
    def passable(self) -> tuple[tuple[str, str], ...]:
        """The headers without what proves who the client is: its keys concern nobody behind this room."""
        return tuple([header for header in self.said if header[0] not in CREDENTIALS])

    @property
    def local(self) -> str | None:
        """The address that the connection came in on."""
        return _host(self._server)

    @property
    def arguments(self) -> dict[str, str]:
        """The query's parameters; of those that came twice, the first."""
        return dict(self._read().args)

    @property
    def cookies(self) -> Mapping[str, str]:
        """What cookies it came with."""
        return self._read().cookies

    def _read(self) -> Request:
        """Give the request, without its body, as Quart's own reads it: what only pages want to know of it."""
        return Request(
            self.method, self.scheme, None, "", self.path, self._query, Headers(self.said), self.peer
        )


_NOBODY = Caller(None, loopback=False)


@lru_cache(maxsize=256)
def _name(name: bytes) -> str:
    """Give a header's name in lower case: the same string to every request that has it."""
    return name.decode("latin-1").lower()


def _joined(path: bytes, query: bytes) -> str:
    return (b"%b?%b" % (path, query) if query else path).decode("latin-1")


def _host(end: End | None) -> str | None:
    return str(end[0]) if end else None
