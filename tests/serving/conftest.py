from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
import trio

from peekd.healing.policy import POLICY, Policy
from peekd.protocols.following import Latest
from peekd.protocols.framing import EventStream
from peekd.protocols.interface import ClientProtocol, ErrorReply
from peekd.records.entries import Entry, RequestRecord
from peekd.records.ledger import Ledger
from peekd.records.live import Live
from peekd.relay.alarms import Alarms
from peekd.relay.asked import Asked
from peekd.relay.delivery import Delivery, Final
from peekd.relay.tree import Rhythm
from peekd.serving.app import Front
from peekd.serving.behind import Fittings
from peekd.serving.ingress import compile_access
from peekd.serving.routes import ROUTES
from peekd.serving.settings import ServerSettings
from peekd.store.volatile import Nowhere
from peekd.vocabulary.conversation import Head
from peekd.vocabulary.errors import ClientError, Fault

STATUS = {
    "authentication": 401,
    "permission": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "too_large": 413,
    "overloaded": 503,
}
PING = b"event: ping\n\n"


class ToyProtocol:
    """As much of a wire language as the HTTP face touches."""

    name = "anthropic"

    def decode_head(self, body: bytes, headers: Mapping[str, str], path: str) -> Head:
        try:
            said = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise ClientError("invalid_request", "the body is no JSON object") from error
        return Head(model=said.get("model", ""), stream=said.get("stream", False))

    def encode_error(self, fault: Fault, request_id: str) -> ErrorReply:
        body = {
            "type": "error",
            "error": {"type": fault.kind, "message": fault.message},
            "request_id": request_id,
        }
        status = fault.status or STATUS.get(fault.kind, 500 if fault.kind == "internal" else 400)
        return ErrorReply(status, (("content-type", "application/json"),), msgspec.json.encode(body))

    def following(self, model: str, created: int) -> Latest:
        return Latest(lambda fault, _: f"event: error {fault.kind}\n\n".encode(), lambda last, usage: b"")

    def encode_ping(self) -> bytes:
        return PING

    def framing(self, path: str) -> EventStream:
        return EventStream()


class FakeOffers:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def names(self, protocol: str = "") -> Sequence[str]:
        self.asked.append(protocol)
        return ["claude-a", "vendor/b"]

    def find(self, model: str, protocol: str = "") -> None:
        if model not in self.names(protocol):
            raise ClientError("not_found", f"model: {model}: no route or account offers it")


class FakeHouse:
    def __init__(self) -> None:
        self.offers = FakeOffers()
        self.alarms = Alarms()
        self.live = Live()
        self.ledger = Ledger(self.live)
        self.store = Nowhere()
        self.is_ready = True
        self.switched: list[tuple[str, str]] = []

    def ready(self) -> bool:
        return self.is_ready

    def rhythm(self, asked: Asked) -> Rhythm:
        return Rhythm(early_commit_seconds=15.0, ping_seconds=10.0)

    async def count_tokens(self, asked: Asked) -> Final:
        await trio.lowlevel.checkpoint()
        return Final(200, (("content-type", "application/json"),), b'{"input_tokens":7}')

    def describe_accounts(self) -> object:
        state = {"name": "alice", "upstream": "sim", "state": "ready"}
        return {"accounts": [state, {**state, "name": "<b>bob</b>", "state": "resting", "seconds": 7.0}]}

    def describe_policy(self) -> Mapping[str, Policy]:
        return {"policy": POLICY}

    def switch(self, account: str, verb: str) -> object:
        if account == "nobody":
            raise ClientError("not_found", "no account is called 'nobody'; near names: norbert")
        self.switched.append((account, verb))
        return {"account": {"name": account}}


Script = Callable[[Asked, Delivery], Awaitable[None]]


class ScriptedTrip:
    """A journey that does what the test says."""

    def __init__(self, script: Script, asked: Asked, delivery: Delivery) -> None:
        self._script, self.asked, self.delivery = script, asked, delivery

    async def run(self) -> None:
        await self._script(self.asked, self.delivery)

    async def tell_internal(self) -> None:
        fault = Fault("internal", "a bug")
        if self.delivery.stage == 0:
            reply = self.asked.protocol.encode_error(fault, self.asked.id)
            self.delivery.answer(Final(reply.status, reply.headers, reply.body))
        else:
            following = self.asked.protocol.following(self.asked.head.model, 0)
            await self.delivery.give_last(following.fail(fault, self.asked.id))

    def commit_early(self) -> None:
        self.delivery.begin((("x-peekd-commit", "early"),), early=True)


async def answer_well(asked: Asked, delivery: Delivery) -> None:
    await trio.lowlevel.checkpoint()
    delivery.answer(Final(200, (("content-type", "application/json"),), b'{"ok":true}'))


class Bench:
    """A Front on a fake house. `script` is the journey of every request; set it before asking."""

    def __init__(
        self,
        *,
        client_keys: Mapping[str, str] | None = None,
        admin_keys: Mapping[str, str] | None = None,
        open_metrics: bool = False,
        **options: object,
    ) -> None:
        settings = msgspec.convert(options, ServerSettings)
        self.house = FakeHouse()
        self.entries: list[Entry] = []
        self.script: Script = answer_well
        self.asked: list[Asked] = []
        numbers = count(1)
        fittings = Fittings(
            house=self.house,
            protocols={
                route.protocol: cast("ClientProtocol", ToyProtocol()) for route in ROUTES if route.protocol
            },
            open_trip=self._open,
            journal=self.entries.append,
            fresh_id=lambda: f"req_{next(numbers):020x}",
            wall=lambda: 1000.0,
            settings=ServerSettings,
            metrics=lambda accept: Final(200, (("content-type", accept),), b"peekd_ready 1.0\n"),
            open_metrics=open_metrics,
        )
        access = compile_access(settings, bound=["127.0.0.1"], client_keys=client_keys, admin_keys=admin_keys)
        self.front = Front(fittings, access, settings)
        # no jar: for it some Pythons read the URL of a request, and raise where its Host is an attack
        self.client = self.front.test_client(use_cookies=False)

    def _open(self, asked: Asked, delivery: Delivery) -> ScriptedTrip:
        self.asked.append(asked)
        return ScriptedTrip(self.script, asked, delivery)

    def keep(self, request_id: str, outcome: str) -> None:
        record = RequestRecord(
            id=request_id, came=1.0, method="POST", path="/", protocol="anthropic", outcome=outcome
        )
        self.house.live.open(record)
        self.house.live.close(record)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        peer: str = "127.0.0.1",
        **content: object,
    ) -> SimpleNamespace:
        """One exchange from a caller on loopback unless `peer` says otherwise; `content` is json= or data."""
        client = cast("Any", self.client)
        response = await client.open(
            path,
            method=method,
            headers={"Host": "localhost", **(headers or {})},
            scope_base={"client": (peer, 4000)},
            **content,
        )
        body = await response.get_data(as_text=False)
        return SimpleNamespace(status=response.status_code, headers=response.headers, body=body)


class Visit:
    """A client that sends a request, looks at what comes, and goes when it likes: bare ASGI messages."""

    def __init__(self, front: Front, body: bytes, method: str = "POST", path: str = "/v1/messages") -> None:
        self._front = front
        self._method, self._path = method, path
        self._give, self._take = trio.open_memory_channel[dict[str, Any]](10)
        self._give.send_nowait({"type": "http.request", "body": body, "more_body": False})
        self._told, self._heard = trio.open_memory_channel[bytes](10)

    async def run(self) -> None:
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._method,
            "scheme": "http",
            "path": self._path,
            "raw_path": self._path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8045),
            "extensions": {},
        }
        await self._front(cast("Any", scope), cast("Any", self._take.receive), cast("Any", self._hear))

    async def _hear(self, message: dict[str, Any]) -> None:
        if message.get("body"):
            await self._told.send(message["body"])

    async def receive(self) -> bytes:
        return await self._heard.receive()

    def go(self) -> None:
        self._give.send_nowait({"type": "http.disconnect"})


@pytest.fixture
def visit() -> type[Visit]:
    return Visit


@pytest.fixture
def bench(nursery: trio.Nursery) -> Callable[..., Bench]:
    def set_up(**options: Any) -> Bench:
        found = Bench(**options)
        nursery.start_soon(found.house.alarms.run)
        return found

    return set_up


@pytest.fixture
def lone_front() -> Front:
    """An app that is only looked at."""
    return Bench().front
