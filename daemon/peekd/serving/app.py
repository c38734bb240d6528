"""The Quart app: lets a request in or turns it away, finds its route, and dresses whatever goes out."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import Any, cast

from quart.globals import request_ctx
from quart.wrappers import Request, Response
from quart_trio import QuartTrio
from typing_extensions import override
from werkzeug.datastructures import Headers
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    RequestTimeout,
)
from werkzeug.wrappers import Response as WerkzeugResponse

from peekd.protocols.interface import ClientProtocol
from peekd.records.entries import ERROR, INFO, NOTICE, Entry
from peekd.relay.delivery import Final
from peekd.serving.actions import BUG, Actions, Answer, Flowing, Work
from peekd.serving.asking import Asking, Connection, Stay
from peekd.serving.behind import Fittings
from peekd.serving.callers import find_caller
from peekd.serving.gate import MIB, Gate
from peekd.serving.ingress import (
    Access,
    is_allowed_origin,
    judge_address,
    judge_admin,
    judge_client,
    judge_page,
    match_key,
    offered_keys,
)
from peekd.serving.monitoring import Monitoring
from peekd.serving.replies import encode_fault
from peekd.serving.routes import ROUTES, Route, protocol_of, tell_served
from peekd.serving.settings import ServerSettings
from peekd.vocabulary.errors import ClientError, Fault

_STREAM_HEADERS = (
    ("Cache-Control", "no-cache"),
    ("X-Accel-Buffering", "no"),
)
_PREFLIGHT_SECONDS = 600
_UPGRADE_REQUIRED = 426


class Front(QuartTrio):
    """peekd's face. `gate.draining` set: /readyz says no, and nothing new is passed on."""

    asgi_http_class = Connection
    request_class = Asking

    def __init__(self, fittings: Fittings, access: Access, settings: ServerSettings) -> None:
        super().__init__("peekd", static_folder=None)
        self.gate = Gate()
        self._fittings = fittings
        self._monitoring = Monitoring(fittings)
        self._actions = Actions(fittings, self.gate, self._mended, self._monitoring)
        self.adopt(access, settings)
        self.config["PROPAGATE_EXCEPTIONS"] = True  # bugs come to `_mended`, the only one who catches them
        self.url_map.merge_slashes = False  # a POST must not be redirected
        self.before_request(self._let_in)
        self.register_error_handler(HTTPException, self._tell_http_error)
        self.register_error_handler(ClientError, self._tell_client_error)
        for route in ROUTES:
            view = self._view(route)
            self.add_url_rule(
                route.path,
                endpoint=route.path,
                view_func=view,
                methods=list(route.methods),
                provide_automatic_options=False,
            )

    def adopt(self, access: Access, settings: ServerSettings) -> None:
        """Take these rules for requests that come from now on."""
        self.access = access
        self._settings = settings
        self.gate.most_per_key = settings.max_requests_per_key
        self.gate.largest = settings.max_body_mib * MIB
        self.gate.most_bytes = settings.max_bodies_mib * MIB
        self.config["MAX_CONTENT_LENGTH"] = settings.max_body_mib * MIB
        self.config["BODY_TIMEOUT"] = settings.body_seconds

    @override
    def __call__(self, scope: Any, receive: Any, send: Any) -> CoroutineType[Any, Any, None]:
        """Serve one ASGI request; Quart's own way there leads through two more functions, for middleware."""
        return self.asgi_http_class(self, scope)(receive, send)

    # ---- the way in ---------------------------------------------------------------------------------

    @override
    async def handle_request(self, request: Request) -> Response | WerkzeugResponse:
        """Serve one request; bugs end here, as a 500 in the caller's shape."""
        asking = cast("Asking", request)
        asking.id = self._fittings.fresh_id()
        asking.access = self.access
        given: list[Response] = []

        async def serve() -> None:
            given.append(cast("Response", await super(Front, self).handle_request(request)))

        if not await self._mended(serve, asking.id):
            given.append(self._tell(asking, BUG))
        return self._dressed(given[-1], asking)

    async def _mended(self, work: Work, request_id: str) -> bool:
        """Run `work` and tell whether it came to its end; a bug of ours goes to the journal instead."""
        try:
            await work()
        except BaseExceptionGroup as group:
            bugs, rest = group.split(Exception)
            if bugs is not None:
                self._confess(bugs, request_id)
            if rest is not None:  # Cancelled is nobody's bug
                raise rest from None
            return False
        except Exception as bug:  # noqa: BLE001  the one place that outlives a bug of ours
            self._confess(bug, request_id)
            return False
        return True

    def _confess(self, bug: BaseException, request_id: str) -> None:
        told = "".join(traceback.format_exception(bug))
        self._fittings.journal(
            Entry(f"A fault of peekd's own:\n{told}", ERROR, request_id, phase="end", outcome="internal")
        )

    def drain(self) -> None:
        """Take in nothing new from now on, and end what would never end by itself."""
        self.gate.draining = True
        self._monitoring.feed.close()

    def leave(self, stay: Stay) -> None:
        """Forget a request that is over."""
        if stay.listener is not None:
            self._monitoring.feed.leave(stay.listener)
        if stay.inside:
            stay.inside = False
            self.gate.leave(stay.key, stay.held)

    async def _let_in(self) -> Response | None:
        """Turn away, before any route is looked at, whoever may not call at all."""
        asking = _current()
        asking.caller = find_caller(asking.peer, asking.said, asking.access.trusted)
        fault = judge_address(asking.access, asking.caller)
        if fault is None:
            fault = judge_page(asking.access, asking.said, asking.local)
        if fault is None and asking.method == "OPTIONS":
            return self._answer_options(asking)
        if fault is None and "websocket" in dict(asking.said).get("upgrade", "").lower():
            fault = Fault(
                "invalid_request", "peekd speaks plain HTTP here, no websockets", status=_UPGRADE_REQUIRED
            )
        if fault is None and asking.target.startswith("//"):  # Quart would take it for a path with one less
            fault = Fault("not_found", f"there is nothing at {asking.target}: paths begin with one slash")
        return None if fault is None else self._tell(asking, fault)

    def _view(self, route: Route) -> Callable[..., Awaitable[Response]]:
        async def view(name: str = "") -> Response:
            asking = _current()
            offered = offered_keys(asking.said, asking.query_keys)
            closed = route.entry == "metrics" and not self._fittings.open_metrics
            if route.entry in {"admin", "page"} or closed:
                fault = judge_admin(asking.access, asking.caller, offered_keys(asking.said))
                asking.key = match_key(offered_keys(asking.said), asking.access.admin_keys) or ""
                fault = None if fault is not None and self._monitoring.signed_in(asking) else fault
                if fault is not None and route.entry == "page":
                    return _respond(await self._monitoring.turn_away(asking, fault))
            elif route.entry == "client":
                judged = judge_client(asking.access, asking.caller, offered)
                fault = judged if isinstance(judged, Fault) else None
                asking.key = judged if isinstance(judged, str) else ""
            else:
                fault = None
            if fault is not None:
                return self._tell(asking, fault)
            return _respond(await self._actions.act(route, asking, name))

        return view

    # ---- the way out --------------------------------------------------------------------------------

    def _tell(self, asking: Asking, fault: Fault) -> Response:
        """Answer an error in the shape that the request's path or headers ask for."""
        final = encode_fault(fault, asking.id, self._protocol(asking))
        priority = NOTICE if fault.kind in {"authentication", "permission"} else INFO
        words = f"refused {asking.method} {asking.path}: {fault.message}"
        self._fittings.journal(Entry(words, priority, asking.id, phase="end", status=final.status))
        response = _respond(final)
        if final.status == _UPGRADE_REQUIRED:
            response.headers["Upgrade"] = "HTTP/1.1"  # RFC 9110 section 15.5.22 wants one named
            response.headers["Connection"] = "upgrade, close"
        return response

    def _protocol(self, asking: Asking) -> ClientProtocol | None:
        return self._fittings.protocols.get(protocol_of(asking.path, dict(asking.said)))

    async def _tell_client_error(self, error: ClientError) -> Response:
        return self._tell(_current(), error.fault)

    async def _tell_http_error(self, error: HTTPException) -> Response:
        """Word what Quart found wrong as the caller's protocol does."""
        asking = _current()
        response = self._tell(asking, self._fault_of(error, asking))
        if isinstance(error, RequestTimeout | RequestEntityTooLarge):
            response.headers["Connection"] = "close"  # the rest of the body is still on its way
        return response

    def _fault_of(self, error: HTTPException, asking: Asking) -> Fault:
        served = f"peekd serves {tell_served()}"
        match error:
            case RequestEntityTooLarge():
                limit = self._settings.max_body_mib
                return Fault("too_large", f"the body is larger than {limit} MiB (server.max_body_mib)")
            case RequestTimeout():
                limit = self._settings.body_seconds
                words = f"the body did not arrive within {limit:g} s (server.body_seconds)"
                return Fault("invalid_request", words, status=408)
            case MethodNotAllowed():
                allow = ", ".join(sorted(error.valid_methods or ()))
                words = f"{asking.path} does not take {asking.method}; {served}"
                return Fault("method_not_allowed", words, allow=allow)
            case NotFound():
                return Fault("not_found", f"there is nothing at {asking.path}; {served}")
            case _:
                return Fault("invalid_request", error.description or error.name, status=error.code)

    def _answer_options(self, asking: Asking) -> Response:
        """Answer a preflight of an origin that is let in; anything else gets no options."""
        said = dict(asking.said)
        if not is_allowed_origin(asking.access, said.get("origin", "")):
            return self._tell(asking, Fault("permission", "OPTIONS is for origins in server.allowed_origins"))
        wanted = said.get("access-control-request-headers", "")
        headers = {
            "Access-Control-Allow-Methods": "GET, HEAD, POST",
            "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
            **({"Access-Control-Allow-Headers": wanted} if wanted else {}),
        }
        return Response(b"", 204, headers)

    def _dressed(self, response: Response, asking: Asking) -> Response:
        """Put on what every answer wears."""
        response.headers["X-Request-Id"] = asking.id
        response.headers["request-id"] = asking.id
        origin = dict(asking.said).get("origin", "")
        if origin and is_allowed_origin(asking.access, origin):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "*"
            response.headers.add("Vary", "Origin")
        return response


def _current() -> Asking:
    """Give the request that this task serves; Quart hands views none."""
    return cast("Asking", cast("Any", request_ctx).request)


def _respond(answer: Answer) -> Response:
    if isinstance(answer, Final):
        return Response(answer.body, answer.status, Headers(answer.headers))
    return _stream(answer)


def _stream(flowing: Flowing) -> Response:
    return Response(flowing.chunks, 200, Headers((*flowing.headers, *_STREAM_HEADERS)))
