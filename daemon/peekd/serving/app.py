"""The Quart app: lets a request in or turns it away, finds its route, and dresses whatever goes out."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Mapping
from types import CoroutineType
from typing import Any, TypeVar

from quart_trio import QuartTrio
from typing_extensions import override
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    RequestTimeout,
)

from peekd.protocols.interface import ClientProtocol
from peekd.records.entries import ERROR, INFO, NOTICE, Entry
from peekd.relay.delivery import Final
from peekd.serving.actions import BUG, Actions
from peekd.serving.asgi import serve
from peekd.serving.asking import Asking, Scope, Stay
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
from peekd.serving.outgoing import Answer, encode_head
from peekd.serving.replies import encode_fault
from peekd.serving.routes import ROUTES, Route, protocol_of, tell_served
from peekd.serving.settings import ServerSettings
from peekd.vocabulary.errors import ClientError, Fault

_PREFLIGHT_SECONDS = 600
_UPGRADE_REQUIRED = 426
_CLOSE = ("connection", "close")

Found = TypeVar("Found")


class Front(QuartTrio):
    """peekd's face. `gate.draining` set: /readyz says no, and nothing new is passed on.

    Of Quart it has the map of URLs. A request goes its own way from there, handed on as an argument: there is
    no context to be looked up, no session, and nothing that is called before or after.
    """

    def __init__(self, fittings: Fittings, access: Access, settings: ServerSettings) -> None:
        super().__init__("peekd", static_folder=None)
        self.gate = Gate()
        self._fittings = fittings
        self._monitoring = Monitoring(fittings)
        self._actions = Actions(fittings, self.gate, self._mended, self._monitoring)
        self.adopt(access, settings)
        self.url_map.merge_slashes = False  # a POST must not be redirected
        for route in ROUTES:
            methods = list(route.methods)
            self.add_url_rule(route.path, route.path, methods=methods, provide_automatic_options=False)
        self._routes = {route.path: route for route in ROUTES}
        self._paths = self.url_map.bind("peekd")
        # Where no name is to be taken out of a path, the map need not be gone through.
        self._plain = {
            (rule.rule, method): self._routes[rule.rule]
            for rule in self.url_map.iter_rules()
            if "<" not in rule.rule
            for method in rule.methods or set[str]()
        }

    def adopt(self, access: Access, settings: ServerSettings) -> None:
        """Take these rules for requests that come from now on."""
        self.access = access
        self._settings = settings
        self.gate.most_per_key = settings.max_requests_per_key
        self.gate.largest = settings.max_body_mib * MIB
        self.gate.most_bytes = settings.max_bodies_mib * MIB

    @override
    def __call__(self, scope: Any, receive: Any, send: Any) -> CoroutineType[Any, Any, None]:
        """Serve one ASGI request; Quart's own way there leads through contexts that nobody asks for."""
        return serve(self, scope, receive, send)

    def drain(self) -> None:
        """Take in nothing new from now on, and end what would never end by itself."""
        self.gate.draining = True
        self._monitoring.feed.close()

    # ---- what `asgi` asks for -------------------------------------------------------------------------

    def take(self, scope: Scope) -> Asking:
        """Take a request in, under the rules of now."""
        return Asking(scope, self._fittings.fresh_id(), self.access, self._settings)

    async def answer(self, asking: Asking) -> Answer:
        """Answer a request; bugs end here, as a 500 in the caller's shape."""
        found = await self._mended(self._find_answer(asking), asking.id)
        return self._tell(asking, found) if isinstance(found, Fault) else found

    def encode_head(self, answer: Answer, asking: Asking) -> Mapping[str, object]:
        """Begin an answer, with what every one wears."""
        origin = asking.named.get("origin", "")
        return encode_head(
            answer, asking.id, origin if origin and is_allowed_origin(asking.access, origin) else ""
        )

    def leave(self, stay: Stay) -> None:
        """Forget a request that is over."""
        if stay.listener is not None:
            self._monitoring.feed.leave(stay.listener)
        if stay.inside:
            stay.inside = False
            self.gate.leave(stay.key, stay.held)

    # ---- bugs ---------------------------------------------------------------------------------------

    async def _mended(self, work: Awaitable[Found], request_id: str) -> Found | Fault:
        """Give what `work` comes to; a bug of ours goes to the journal, and BUG is given."""
        try:
            return await work
        except BaseExceptionGroup as group:
            bugs, rest = group.split(Exception)
            if bugs is not None:
                self._confess(bugs, request_id)
            if rest is not None:  # Cancelled is nobody's bug
                raise rest from None
        except Exception as bug:  # noqa: BLE001  the one place that outlives a bug of ours
            self._confess(bug, request_id)
        return BUG

    def _confess(self, bug: BaseException, request_id: str) -> None:
        told = "".join(traceback.format_exception(bug))
        self._fittings.journal(
            Entry(f"A fault of peekd's own:\n{told}", ERROR, request_id, phase="end", outcome="internal")
        )

    # ---- the way in ---------------------------------------------------------------------------------

    async def _find_answer(self, asking: Asking) -> Answer:
        try:
            found = self._let_in(asking)
            if found is None:
                route, name = self.find_route(asking.path, asking.method)
                found = self._judge(route, asking)
                if found is None:
                    found = await self._actions.act(route, asking, name)
                elif route.entry == "page":
                    found = await self._monitoring.turn_away(asking, found)
        except ClientError as error:
            found = error.fault
        except HTTPException as error:
            return self._tell_http_error(asking, error)
        return self._tell(asking, found) if isinstance(found, Fault) else found

    def find_route(self, path: str, method: str) -> tuple[Route, str]:
        """Give the route and the name that the path holds. Raises werkzeug's NotFound, MethodNotAllowed."""
        route = self._plain.get((path, method))
        if route is not None:
            return route, ""
        rule, values = self._paths.match(path, method)
        return self._routes[rule], values.get("name", "")

    def _let_in(self, asking: Asking) -> Answer | Fault | None:
        """Turn away, before any route is looked at, whoever may not call at all."""
        asking.caller = find_caller(asking.peer, asking.said, asking.access.trusted)
        fault = judge_address(asking.access, asking.caller)
        if fault is None:
            fault = judge_page(asking.access, asking.named, asking.local)
        if fault is None and asking.method == "OPTIONS":
            return self._answer_options(asking)
        if fault is None and "websocket" in asking.named.get("upgrade", "").lower():
            words = "peekd speaks plain HTTP here, no websockets"
            fault = Fault("invalid_request", words, status=_UPGRADE_REQUIRED)
        if fault is None and asking.target.startswith("//"):
            fault = Fault("not_found", f"there is nothing at {asking.target}: paths begin with one slash")
        return fault

    def _judge(self, route: Route, asking: Asking) -> Fault | None:
        """Tell why a caller may not ask for this; notes the key that lets it in."""
        if route.entry == "client":
            offered = offered_keys(asking.said, asking.query_keys)
            judged = judge_client(asking.access, asking.caller, offered)
            if isinstance(judged, Fault):
                return judged
            asking.key = judged
            return None
        if route.entry == "open" or (route.entry == "metrics" and self._fittings.open_metrics):
            return None
        offered = offered_keys(asking.said)
        fault = judge_admin(asking.access, asking.caller, offered)
        asking.key = match_key(offered, asking.access.admin_keys) or ""
        return None if fault is not None and self._monitoring.signed_in(asking) else fault

    # ---- what is told to whom is not served ---------------------------------------------------------

    def _tell(self, asking: Asking, fault: Fault, *headers: tuple[str, str]) -> Final:
        """Answer an error in the shape that the request's path or headers ask for."""
        final = encode_fault(fault, asking.id, self._protocol(asking))
        priority = NOTICE if fault.kind in {"authentication", "permission"} else INFO
        words = f"refused {asking.method} {asking.path}: {fault.message}"
        self._fittings.journal(Entry(words, priority, asking.id, phase="end", status=final.status))
        if final.status == _UPGRADE_REQUIRED:  # RFC 9110 section 15.5.22 wants one named
            headers = (("upgrade", "HTTP/1.1"), ("connection", "upgrade, close"))
        return Final(final.status, final.headers + headers, final.body)

    def _protocol(self, asking: Asking) -> ClientProtocol | None:
        return self._fittings.protocols.get(protocol_of(asking.path, asking.named))

    def _tell_http_error(self, asking: Asking, error: HTTPException) -> Final:
        """Word what is wrong with a request's path, method or body as the caller's protocol does."""
        fault = self._fault_of(error, asking)
        if isinstance(error, RequestTimeout | RequestEntityTooLarge):
            return self._tell(asking, fault, _CLOSE)  # the rest of the body is still on its way
        return self._tell(asking, fault)

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

    def _answer_options(self, asking: Asking) -> Answer | Fault:
        """Answer a preflight of an origin that is let in; anything else gets no options."""
        if not is_allowed_origin(asking.access, asking.named.get("origin", "")):
            return Fault("permission", "OPTIONS is for origins in server.allowed_origins")
        wanted = asking.named.get("access-control-request-headers", "")
        headers = (
            ("access-control-allow-methods", "GET, HEAD, POST"),
            ("access-control-max-age", str(_PREFLIGHT_SECONDS)),
            *((("access-control-allow-headers", wanted),) if wanted else ()),
        )
        return Final(204, headers, b"")
