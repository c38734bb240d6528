"""Turns of an agent in a strict house, and what is to be seen of them upstream."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from playhouse import Playhouse, Told
from signers import Agent, Claude
from signhouse import CLAUDES, open_signhouse, open_upstreams

from peekd.signatures.settings import SignatureSettings

CLAUDE = CLAUDES[0]
BAD = "x" * 88


def act(thinking: str = "hm", text: str = "", *calls: str, **more: Any) -> dict[str, Any]:
    """An answer with a call of each of these names."""
    tools = [{"name": name, "input": {"of": thinking}} for name in calls]
    return {"do": "answer", "thinking": thinking, "text": text, "tools": tools, **more}


@asynccontextmanager
async def opened(
    acts: list[object], settings: SignatureSettings | None = None, *, strict: bool = True
) -> AsyncGenerator[Playhouse]:
    """A house whose models say this, one after the other, whoever is asked."""
    async with (
        open_upstreams({"*": acts}, strict=strict) as simulators,
        open_signhouse(simulators, signatures=settings) as house,
    ):
        yield house


async def turn(
    house: Playhouse, agent: Agent, model: str = CLAUDE, thinking: str = "adaptive", **how: Any
) -> Told:
    """Answer the pending calls, or say something; then ask."""
    if agent.pending:
        agent.bring()
    else:
        agent.say("Go on." if agent.history else "Begin.")
    return await agent.ask(house, model, thinking, stream=how.get("stream", True))


def sent(house: Playhouse, upstream: str = "claude") -> list[dict[str, Any]]:
    """The bodies that reached an upstream."""
    return [msgspec.json.decode(seen.body) for seen in house.simulators[upstream].requests]


def thoughts(body: dict[str, Any]) -> list[str]:
    """What is replayed to Claude of its thoughts."""
    blocks = [
        block
        for message in body["messages"]
        if isinstance(message["content"], list)
        for block in message["content"]
    ]
    return [block["thinking"] for block in blocks if block["type"] == "thinking"]


def signatures(body: dict[str, Any]) -> list[str]:
    """The signatures that are replayed to Gemini."""
    parts = [part for content in body["contents"] for part in content["parts"]]
    return [part["thoughtSignature"] for part in parts if "thoughtSignature" in part]


def repairs(told: Told) -> int:
    return sum(attempt.move == "repair" for attempt in told.record.attempts)


def corrupt(agent: Claude) -> None:
    """Let the client's last thought go bad."""
    for block in agent.history[-1]["content"]:
        if block["type"] == "thinking":
            block["signature"] = BAD
