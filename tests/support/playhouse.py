"""The whole daemon behind the HTTP face, in memory, under a virtual clock, with simulated upstreams."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import msgspec
import trio

from peekd.accounts.settings import AccountSettings
from peekd.healing.settings import HealingSettings, HedgingSettings, RouteSettings
from peekd.protocols.registry import CLIENTS
from peekd.records.entries import Entry, RequestRecord
from peekd.relay.asked import Asked
from peekd.relay.delivery import Delivery, Final
from peekd.relay.house import House, open_house
from peekd.relay.journey import Journey
from peekd.relay.means import Seams
from peekd.serving.routes import protocol_of
from peekd.simulator.script import Script
from peekd.simulator.server import Simulator, open_simulator
from peekd.upstream.settings import UpstreamSettings
from peekd.wire.sse import Splitter

QUICK = HealingSettings(peek_seconds=20, idle_seconds=20, reasoning_seconds=60, early_commit_seconds=60)
"""Deadlines apart enough to tell one from another; no early commit unless a test asks for one."""

HELLO: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "max_tokens": 1024,
    "messages": [{"role": "user", "content": "Say hello."}],
}


GREETING: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "Say hello."}]}]}
"""The same of a Gemini client."""

STREAM = "streamGenerateContent?alt=sse"


class Told(msgspec.Struct):
    """What a client got: status, headers, body, when each piece came (seconds), and the record of it all."""

    status: int
    headers: dict[str, str]
    body: bytes
    pieces: list[tuple[float, bytes]]
    record: RequestRecord
    entries: list[Entry]
    headers_at: float = 0.0

    @property
    def json(self) -> Any:
        """The body of an answer that is not a stream."""
        return msgspec.json.decode(self.body)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The data of the stream's frames, pings and comments left out."""
        frames = Splitter().feed(self.body)
        datas = [msgspec.json.decode(frame.data, type=dict[str, Any]) for frame in frames if frame.data]
        return [data for data in datas if data.get("type") != "ping"]

    @property
    def kinds(self) -> list[str]:
        """The types of the stream's events."""
        return [event["type"] for event in self.events]

    @property
    def text(self) -> str:
        """The words of the answer, streamed or not."""
        if not self.headers.get("content-type", "").startswith("application/json"):
            deltas = (event.get("delta", {}) for event in self.events)
            return "".join(delta.get("text", "") for delta in deltas)
        return "".join(block.get("text", "") for block in self.json["content"])

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """The responses that a Gemini client got, however they stood in the body."""
        if not self.headers["content-type"].startswith("text/event-stream"):
            return [self.json] if self.body.startswith(b"{") else self.json
        return [msgspec.json.decode(frame.data) for frame in Splitter().feed(self.body) if frame.data]

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The parts of a Gemini answer."""
        candidates = [one for chunk in self.chunks for one in chunk.get("candidates", ())]
        return [part for one in candidates for part in one.get("content", {}).get("parts", ())]

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """The dialogue: for each attempt its account, outcome and move."""
        return [(one.account, one.outcome, one.move) for one in self.record.attempts]


class Playhouse:
    """One house with its simulators; `ask` is a client's call."""

    def __init__(self, house: House, simulators: Mapping[str, Simulator], entries: list[Entry]) -> None:
        self.house = house
        self.simulators = simulators
        self.entries = entries
        self.reading_seconds = 0.0
        """How long a client takes over each piece that it reads."""
        self._numbers = count(1)

    @property
    def simulator(self) -> Simulator:
        """The only one, or the first."""
        return next(iter(self.simulators.values()))

    def asked(
        self, body: Mapping[str, Any] | bytes, headers: Mapping[str, str], path: str, key: str = ""
    ) -> Asked:
        """A request as the HTTP face would hand it over."""
        protocol = CLIENTS[protocol_of(path.partition("?")[0], headers) or "anthropic"]
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return Asked(
            id=f"req_{next(self._numbers)}",
            protocol=protocol,
            head=protocol.decode_head(raw, headers, path),
            body=raw,
            path=path,
            headers=tuple(headers.items()),
            came=0.0,
            client="playhouse",
            key=key,
        )

    async def ask(
        self,
        body: Mapping[str, Any] | bytes = HELLO,
        *,
        stream: bool = True,
        headers: Mapping[str, str] = {},
        path: str = "/v1/messages",
        leave_after: float | None = None,
        key: str = "",
    ) -> Told:
        """Ask as a client does, and read to the end; or leave after so many seconds.

        `key`: the name of its client key.
        """
        raw = body if isinstance(body, bytes) else {**body, "stream": stream}
        asked = self.asked(raw, headers, path, key)
        rhythm = self.house.rhythm(asked)
        delivery = Delivery(
            ping=asked.protocol.encode_ping(),
            ping_seconds=rhythm.ping_seconds,
            framing=asked.protocol.framing(path),
        )
        told = Told(0, {}, b"", [], RequestRecord("", 0, "", "", ""), [])
        began = len(self.entries)
        async with trio.open_nursery() as nursery:
            if leave_after is not None:
                nursery.cancel_scope.deadline = trio.current_time() + leave_after
            journey = Journey(self.house, asked, delivery)
            nursery.start_soon(journey.run)
            patience = rhythm.early_commit_seconds if asked.head.stream else float("inf")
            await self._receive(journey, delivery, told, patience=patience)
            nursery.cancel_scope.cancel()
        record = self.house.live.find(asked.id)
        assert record is not None
        told.record, told.entries = record, self.entries[began:]
        return told

    async def ask_gemini(
        self,
        body: Mapping[str, Any] | bytes = GREETING,
        *,
        verb: str = STREAM,
        model: str = "gemini-2.5-pro",
        leave_after: float | None = None,
    ) -> Told:
        """Ask as a Gemini client does."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self.ask(raw, path=f"/v1beta/models/{model}:{verb}", leave_after=leave_after)

    async def _receive(self, journey: Journey, delivery: Delivery, told: Told, *, patience: float) -> None:
        """Be the HTTP face: wait for a status, commit early if it takes too long, read the pieces."""
        began = trio.current_time()
        with trio.move_on_after(patience) as waiting:
            await delivery.wait_reply()
        if waiting.cancelled_caught:
            journey.commit_early()
        reply = await delivery.wait_reply()
        told.headers = dict(reply.headers)
        if isinstance(reply, Final):
            told.status, told.body = reply.status, reply.body
            return
        told.headers["content-type"] = delivery.content_type
        told.status, told.headers_at = 200, trio.current_time() - began
        async for piece in delivery.chunks():
            told.pieces.append((trio.current_time() - began, piece))
            told.body += piece
            if self.reading_seconds:
                await trio.sleep(self.reading_seconds)

    def assert_nothing_left(self) -> None:
        """No attempt is open, no account is taken, no record is unclosed."""
        assert self.house.tree.upstreams.open_count() == 0
        assert self.house.tree.upstreams.busy_count() == 0
        assert all(state.in_flight == 0 for state in self.house.roster.states())
        assert self.house.live.opened() == 0


@asynccontextmanager
async def open_playhouse(  # noqa: PLR0913  the props of a stage, each by its name
    plays: Mapping[str, Sequence[object]] | Script,
    *,
    accounts: Sequence[str] | None = None,
    protocol: str = "anthropic",
    healing: HealingSettings = QUICK,
    models: str = "claude-*",
    streams: bool = True,
    target: str = "",
    platform: str | None = None,
    hedging: HedgingSettings | None = None,
    project: str = "p-1",
    credentials: Mapping[str, str] = {},
    watching: bool = False,
) -> AsyncGenerator[Playhouse]:
    """Open a house with one upstream and an account for each key of `plays`, in that order.

    `credentials`: references by account; the others' are their names, in the environment.
    `hedging`: its route hedges by this.
    """
    script = plays if isinstance(plays, Script) else Script.of(plays)
    names = list(accounts if accounts is not None else plays if isinstance(plays, Mapping) else ["alice"])
    entries: list[Entry] = []
    routes = (RouteSettings(models, ("up",)),)
    if target or protocol == "gemini":
        routes = (RouteSettings(models, (f"up/{target or 'gemini-3-pro-preview'}",)),)
    routes = tuple(msgspec.structs.replace(route, hedge=hedging is not None) for route in routes)
    upstream = {"protocol": protocol, "base_url": "simulator:play", "streams": streams}
    upstream |= {"platform": platform, "project": project} if platform else {}
    upstream |= {"location": "global"} if platform == "vertex" else {}
    settings = {"up": msgspec.convert(upstream, UpstreamSettings)}
    async with (
        open_simulator(script) as simulator,
        open_house(
            healing=healing,
            upstreams=settings,
            accounts=[
                AccountSettings(name, "up", credentials.get(name, f"env:{name.upper()}")) for name in names
            ],
            routes=routes,
            journal=entries.append,
            environ={name.upper(): name for name in names},
            dials={"up": simulator.dial},
            where="/etc/peekd/peekd.toml",
            seams=Seams(wall=lambda: 0.0, jitter=lambda: 0.0),
            hedging=hedging,
            watching=watching,
        ) as house,
    ):
        yield Playhouse(house, {"up": simulator}, entries)
