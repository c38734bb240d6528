"""A house before two strict upstreams, Claude's and Gemini's, that can be restarted without forgetting."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from random import Random
from typing import Any, Final

import msgspec
import trio
from playhouse import QUICK, Playhouse, Told
from signers import AGENTS, Agent, Loses

from peekd.accounts.settings import AccountSettings
from peekd.healing.settings import RouteSettings
from peekd.protocols.interface import Ids
from peekd.records.entries import Entry
from peekd.relay.house import open_house
from peekd.relay.means import Seams, fresh_id
from peekd.signatures.settings import SignatureSettings
from peekd.simulator.answer import compose
from peekd.simulator.script import Script
from peekd.simulator.server import Simulator, open_simulator
from peekd.store.interface import Store
from peekd.store.volatile import Volatile
from peekd.upstream.settings import UpstreamSettings

CLAUDES: Final = ("claude-opus-5-5", "claude-sonnet-5-5")
GEMINI: Final = "gemini-3-pro-preview"
STAND_IN: Final = "skip_thought_signature_validator"
_ACCOUNTS: Final = {"ann": "claude", "ben": "claude", "gil": "google", "gus": "google"}
_KEY: Final = bytes(range(32))


def _secret(account: str) -> str:
    return f"sk-test-{account}-0123456789"


@asynccontextmanager
async def open_signhouse(
    simulators: Mapping[str, Simulator],
    store: Store | None = None,
    signatures: SignatureSettings | None = None,
    ids: Ids = fresh_id,
) -> AsyncGenerator[Playhouse]:
    """Open a house; what it learned before is in `store`, and its key is always the same."""
    entries: list[Entry] = []
    tables = {"claude": {"protocol": "anthropic"}, "google": {"protocol": "gemini"}}
    async with open_house(
        healing=QUICK,
        upstreams={
            name: msgspec.convert({**table, "base_url": "simulator:play"}, UpstreamSettings)
            for name, table in tables.items()
        },
        accounts=[AccountSettings(name, upstream, f"env:{name}") for name, upstream in _ACCOUNTS.items()],
        routes=(RouteSettings("claude-*", ("claude",)), RouteSettings("gemini-*", ("google",))),
        journal=entries.append,
        environ={name: _secret(name) for name in _ACCOUNTS},
        dials={name: simulator.dial for name, simulator in simulators.items()},
        seal_key=_KEY,
        signatures=signatures,
        store=store,
        seams=Seams(wall=lambda: 1e9 + trio.current_time(), jitter=lambda: 0.0, ids=ids),
    ) as house:
        yield Playhouse(house, simulators, entries)


@asynccontextmanager
async def open_upstreams(
    plays: Mapping[str, list[object]], *, strict: bool = True
) -> AsyncGenerator[dict[str, Simulator]]:
    """Open both upstreams; `plays` by credential."""
    async with AsyncExitStack() as stack:
        script = Script.of(plays, strict=strict)
        cycling = [msgspec.structs.replace(play, after="cycle") for play in script.plays]
        script = msgspec.structs.replace(script, plays=tuple(cycling))
        yield {name: await stack.enter_async_context(open_simulator(script)) for name in ("claude", "google")}


class Tally(msgspec.Struct):
    """What came of it all."""

    turns: int = 0
    repairs: int = 0
    stand_ins: int = 0
    needless: int = 0
    """Stand-ins for calls that Gemini had made and peekd had seen."""
    restored: int = 0
    restarts: int = 0
    rewinds: int = 0
    switches: int = 0
    strange: int = 0
    """Signatures that were sent in a conversation that did not get them."""
    refused: list[str] = []
    by_kind: Counter[str] = msgspec.field(default_factory=Counter[str])


class Lead(msgspec.Struct, frozen=True):
    """How one conversation is led."""

    protocol: str
    loses: Loses
    thinking: str
    turns: int


def acts(chance: Random) -> list[object]:
    """What a model says: thoughts always, words, and up to three calls at once; now and then a limit."""
    made: list[object] = []
    for number in range(60):
        if chance.random() < 0.03:
            made.append("429 retry-after=1")
            continue
        calls = chance.choice([0, 0, 1, 1, 2, 3])
        say = f"I say {number}." if chance.random() < 0.6 or not calls else ""
        inputs = [{"n": chance.choice([number * 10 + place, 1, 0])} for place in range(calls)]
        tools = [{"name": chance.choice(["read", "run", "look"]), "input": given} for given in inputs]
        thinking = f"thought {number} {chance.random()}"
        made.append({"do": "answer", "text": say, "thinking": thinking, "tools": tools})
    return made


class Drama:
    """Several conversations that begin alike, led in turns."""

    def __init__(self, chance: Random, tally: Tally) -> None:
        self.chance = chance
        self.tally = tally
        self.store = Volatile()
        self._numbers = count(1)
        self.seen = {"claude": 0, "google": 0}
        self.issued: defaultdict[str, set[str]] = defaultdict(set)
        """The conversations that each signature was made in: an act that comes round again makes it anew."""
        self.made: dict[tuple[str, str | int], bool] = {}
        """Whether a call of a conversation, by id or place, was made by Gemini."""

    async def play(self, scripts: list[Lead]) -> None:
        """Lead them all to their ends."""
        agents = [AGENTS[one.protocol](f"s{number}", one.loses) for number, one in enumerate(scripts)]
        models = [self.chance.choice([*CLAUDES, GEMINI]) for _ in scripts]
        left = [one.turns for one in scripts]
        plays = {_secret(name): acts(self.chance) for name in _ACCOUNTS}
        async with open_upstreams(plays) as simulators:
            while any(left):
                self.tally.restarts += 1
                async with open_signhouse(simulators, self.store, ids=self._id) as house:
                    while any(left) and self.chance.random() > 0.04:
                        at = self.chance.choice([n for n, turns in enumerate(left) if turns])
                        left[at] -= 1
                        models[at] = self._switched(models[at])
                        await self._turn(house, agents[at], models[at], scripts[at].thinking)

    def _id(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers):024d}"

    def _switched(self, model: str) -> str:
        if self.chance.random() < 0.85:
            return model
        self.tally.switches += 1
        return self.chance.choice([*CLAUDES, GEMINI])

    async def _turn(self, house: Playhouse, agent: Agent, model: str, thinking: str) -> None:
        """One request, whatever the conversation waits for."""
        if self.chance.random() < 0.03 and agent.history:
            self.tally.rewinds += 1
            agent.rewind(self.chance)
        if agent.pending:
            agent.bring()
        else:
            agent.say("Go on." if agent.history else "Begin.")
        told = await agent.ask(house, model, thinking, stream=self.chance.random() < 0.5)
        self._count(house, agent, model, told)

    def _count(self, house: Playhouse, agent: Agent, model: str, told: Told) -> None:
        tally = self.tally
        tally.turns += 1
        repairs = sum(attempt.move == "repair" for attempt in told.record.attempts)
        tally.repairs += repairs
        if repairs:
            tally.by_kind[f"{_kind(agent)} -> {model[:6]}"] += repairs
        tally.restored += bool(told.record.restored)
        if told.status != 200:
            errors = [attempt.upstream_error for attempt in told.record.attempts]
            tally.refused.append(f"{_kind(agent)} -> {model}: {told.status} {errors}")
            agent.pending = []
            agent.history.clear()
        for name, simulator in house.simulators.items():
            self._look(name, simulator, agent, told)

    def _look(self, name: str, simulator: Simulator, agent: Agent, told: Told) -> None:
        """See what reached an upstream since the last time."""
        for seen in simulator.requests[self.seen[name] :]:
            if seen.act.kind == "answer":
                body: dict[str, Any] = msgspec.json.decode(seen.body)
                self.tally.strange += sum(
                    agent.name not in self.issued[one] for one in _signatures(seen.body)
                )
                self.issued[compose(seen.act, seen.asked).signature].add(agent.name)
                self._count_stand_ins(agent, body.get("contents", ()))
        self.seen[name] = len(simulator.requests)
        if name == "google":
            geminis = told.record.mapped_model.startswith("gemini")
            self.made |= {(agent.name, call): geminis for call in _calls_of(agent)}

    def _count_stand_ins(self, agent: Agent, contents: Iterable[dict[str, Any]]) -> None:
        for place, content in enumerate(contents):
            for part in content["parts"]:
                if part.get("thoughtSignature") == STAND_IN:
                    call = place if agent.protocol == "gemini" else part["functionCall"]["id"]
                    self.tally.stand_ins += 1
                    self.tally.needless += self.made.get((agent.name, call), False)


def _kind(agent: Agent) -> str:
    return f"{agent.protocol} loses {agent.loses or 'nothing'}"


def lead(chance: Random) -> Lead:
    """How a conversation may be led: half of the clients lose something."""
    return Lead(
        chance.choice([*AGENTS]),
        chance.choice(["", "", "", "thoughts", "signatures", "ids"]),
        chance.choice(["adaptive", "enabled"]),
        chance.randint(1, 40),
    )


_SIGNATURE: Final = re.compile(r'"(?:signature|thoughtSignature)":"([^"]+)"')


def _signatures(body: bytes) -> list[str]:
    return [one for one in _SIGNATURE.findall(body.decode()) if one != STAND_IN]


def _calls_of(agent: Agent) -> list[str | int]:
    """The calls of the last answer: by place where a client sends its history as it is, else by id."""
    if not agent.pending:
        return []
    return [len(agent.history) - 1] if agent.protocol == "gemini" else [*agent.pending]
