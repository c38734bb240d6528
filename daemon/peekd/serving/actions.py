"""What each route does. Takes a request that was let in, gives an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import trio

from peekd.protocols.interface import ClientProtocol
from peekd.records.entries import NOTICE, Entry, RequestRecord
from peekd.records.narrate import of_end
from peekd.records.rows import request_draft
from peekd.relay.asked import Asked
from peekd.relay.delivery import Delivery, Final, Streaming
from peekd.serving.admin import list_requests, show_bodies, show_request, switch_account
from peekd.serving.asking import Asking
from peekd.serving.behind import Fittings, Trip
from peekd.serving.gate import Gate
from peekd.serving.ingress import refuse_encoded
from peekd.serving.monitoring import Monitoring
from peekd.serving.outgoing import Answer, Flowing
from peekd.serving.replies import encode_fault, encode_json, encode_model, encode_models
from peekd.serving.routes import Action, Route, protocol_of
from peekd.vocabulary.errors import ClientError, Fault

BUG = Fault("internal", "peekd met a fault of its own; its journal has the details")


Mended = Callable[[Awaitable[Any], str], Awaitable[Any]]
"""Gives what work for a request (its id) comes to, or BUG: a bug in it is then written down."""


class Actions:
    """The routes' work, by the names in the table of routes."""

    def __init__(self, fittings: Fittings, gate: Gate, mended: Mended, monitoring: Monitoring) -> None:
        self._fittings = fittings
        self._house = fittings.house
        self._gate = gate
        self._mended = mended
        self._monitoring = monitoring
        self._table: Mapping[Action, Callable[[Route, Asking, str], Awaitable[Answer]]] = {
            "converse": self._converse,
            "count": self._count,
            "models": self._models,
            "model": self._model,
            "hello": self._hello,
            "alive": self._alive,
            "ready": self._ready,
            "requests": self._requests,
            "request": self._request,
            "bodies": self._bodies,
            "accounts": self._accounts,
            "switch": self._switch,
            "policy": self._policy,
            "watch": self._watch,
            "page": self._page,
            "asset": self._asset,
            "login": self._login,
            "logout": self._logout,
            "metrics": self._metrics,
        }

    def act(self, route: Route, asking: Asking, name: str = "") -> Awaitable[Answer]:
        """Do a route's work. Raises ClientError for what the caller got wrong."""
        return self._table[route.action](route, asking, name)

    # ---- what is passed on --------------------------------------------------------------------------

    async def _converse(self, route: Route, asking: Asking, _name: str) -> Answer:
        came = self._fittings.wall()
        protocol = self._fittings.protocols[route.protocol]
        body = await _take_in(self._gate, asking)
        if isinstance(body, Fault):
            return self._turn_away(asking, protocol, body, came)
        try:
            asked = _read(asking, protocol, body, came)
        except ClientError as error:
            return self._turn_away(asking, protocol, error.fault, came)
        rhythm = self._house.rhythm(asked)
        delivery = Delivery(
            ping=protocol.encode_ping(),
            ping_seconds=rhythm.ping_seconds,
            framing=protocol.framing(asked.path),
            lane=asking.lane,
        )
        trip = self._fittings.open_trip(asked, delivery)
        asking.nursery.start_soon(self._travel, trip, asked)
        if asked.head.stream:
            await self._wait_or_commit(trip, delivery, rhythm.early_commit_seconds)
        reply = await delivery.wait_reply()
        if isinstance(reply, Streaming):
            headers = (("content-type", delivery.content_type), *reply.headers)
            return Flowing(headers, delivery.chunks())
        return reply

    async def _travel(self, trip: Trip, asked: Asked) -> None:
        if await self._mended(trip.run(), asked.id) is BUG:
            await trip.tell_internal()

    async def _wait_or_commit(self, trip: Trip, delivery: Delivery, seconds: float) -> None:
        """Wait for a true status, but no longer than a streaming client may be left in silence."""
        alarm = self._house.alarms.set(trio.current_time() + seconds, delivery.rouse)
        try:
            replied = await delivery.replied()
        finally:
            alarm.drop()
        if not replied:
            trip.commit_early()

    async def _count(self, route: Route, asking: Asking, _name: str) -> Answer:
        body = await _take_in(self._gate, asking)
        protocol = self._fittings.protocols[route.protocol]
        if isinstance(body, Fault):
            return encode_fault(body, asking.id, protocol)
        return await self._house.count_tokens(_read(asking, protocol, body, self._fittings.wall()))

    def _turn_away(self, asking: Asking, protocol: ClientProtocol, fault: Fault, came: float) -> Final:
        """Refuse a request that no upstream will see; it is kept, so that it can be explained."""
        told = msgspec.structs.replace(fault, message=f"{fault.message} (peekd explain {asking.id})")
        reply = encode_fault(told, asking.id, protocol)
        record = RequestRecord(
            id=asking.id,
            came=came,
            method=asking.method,
            path=asking.target,
            protocol=protocol.name,
            client=asking.named.get("user-agent", ""),
            key=asking.key,
            status=reply.status,
            outcome="rejected",
            verdict=fault.message,
            seconds=max(0.0, self._fittings.wall() - came),  # the clock may be put back
        )
        self._house.live.open(record)
        self._house.live.close(record)
        self._house.store.write(request_draft(record))
        self._fittings.journal(
            Entry(of_end(record), NOTICE, asking.id, phase="end", outcome="rejected", status=reply.status)
        )
        return reply

    # ---- what is answered here ----------------------------------------------------------------------

    async def _models(self, route: Route, asking: Asking, _name: str) -> Answer:
        protocol = _spoken(route, asking)
        return encode_models(self._house.offers.names(protocol), asking.named, protocol)

    async def _model(self, route: Route, asking: Asking, name: str) -> Answer:
        protocol = _spoken(route, asking)
        self._house.offers.find(name, protocol)
        return encode_model(name, asking.named, protocol)

    async def _hello(self, _route: Route, _asking: Asking, _name: str) -> Answer:
        return encode_json({"name": "peekd"})

    async def _alive(self, _route: Route, _asking: Asking, _name: str) -> Answer:
        return encode_json({"alive": True})

    async def _ready(self, _route: Route, _asking: Asking, _name: str) -> Answer:
        if self._gate.draining:
            return encode_json({"ready": False, "because": "draining"}, 503)
        if not self._house.ready():
            return encode_json({"ready": False, "because": "no account is usable"}, 503)
        return encode_json({"ready": True})

    async def _requests(self, _route: Route, asking: Asking, _name: str) -> Answer:
        return await list_requests(self._house.ledger, asking.arguments, self._house.store.lost)

    async def _request(self, _route: Route, _asking: Asking, name: str) -> Answer:
        return await show_request(self._house.ledger, name)

    async def _bodies(self, _route: Route, _asking: Asking, name: str) -> Answer:
        return await show_bodies(self._house.ledger, name)

    async def _accounts(self, _route: Route, _asking: Asking, _name: str) -> Answer:
        return encode_json(self._house.describe_accounts())

    async def _switch(self, route: Route, asking: Asking, name: str) -> Answer:
        return switch_account(self._fittings, asking, name, route.path.rpartition("/")[2])

    async def _policy(self, _route: Route, _asking: Asking, _name: str) -> Answer:
        return encode_json(self._house.describe_policy())

    # ---- the monitor --------------------------------------------------------------------------------

    async def _watch(self, _route: Route, asking: Asking, _name: str) -> Answer:
        listener = asking.stay.listener = self._monitoring.feed.join()
        if listener is None:
            words = "as many look on as may, or peekd is stopping; ask again in a moment"
            return encode_fault(Fault("overloaded", words, retry_after=5), asking.id, None)
        return Flowing((("content-type", "text/event-stream"),), listener)

    async def _page(self, route: Route, asking: Asking, name: str) -> Answer:
        return await self._monitoring.page(route.path, asking, name)

    async def _asset(self, _route: Route, asking: Asking, name: str) -> Answer:
        return self._monitoring.asset(asking, name)

    async def _login(self, _route: Route, asking: Asking, _name: str) -> Answer:
        return await self._monitoring.login(asking)

    async def _logout(self, _route: Route, asking: Asking, _name: str) -> Answer:
        return await self._monitoring.logout(asking)

    async def _metrics(self, _route: Route, asking: Asking, _name: str) -> Answer:
        return self._fittings.metrics(asking.named.get("accept", ""))


def _spoken(route: Route, asking: Asking) -> str:
    """Name the protocol of whoever asks for models, "" for OpenAI's clients: they have several."""
    spoken = route.protocol or protocol_of(asking.path, asking.named)
    return "" if spoken.startswith("openai") else spoken


async def _take_in(gate: Gate, asking: Asking) -> bytes | Fault:
    """Give the whole body, or tell why the request may not come in. Leaving is the connection's business."""
    size = gate.room_for(asking.named.get("content-length"))
    fault = refuse_encoded(asking.said) or gate.enter(asking.key, size)
    if fault is not None:
        return fault
    stay = asking.stay
    stay.inside, stay.key, stay.held = True, asking.key, size
    body = await asking.body.whole()
    gate.resize(size, len(body))
    stay.held = len(body)
    return body


def _read(asking: Asking, protocol: ClientProtocol, body: bytes, came: float) -> Asked:
    headers = asking.passable
    named = dict(headers)
    return Asked(
        id=asking.id,
        protocol=protocol,
        head=protocol.decode_head(body, named, asking.target),
        body=body,
        path=asking.target,
        headers=headers,
        client=named.get("user-agent", ""),
        key=asking.key,
        came=came,
        method=asking.method,
    )
