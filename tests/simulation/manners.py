"""How clients behave: how they leave, read and send, and how the agents they stand for ask again. Tables."""

from __future__ import annotations

from typing import Literal

import msgspec

Leaving = Literal["", "after seconds", "after bytes", "when it arrives upstream", "when upstream speaks"]
Farewell = Literal["close", "reset", "half-close"]


class Manner(msgspec.Struct, frozen=True):
    """One way to behave.

    `leaves`: what it waits for before it goes, `seconds` at most; `reads`: at once, slowly, or not any more
    after a while; `sends`: at once, in pieces, or never to the end; `pipelines`: asks twice before it reads.
    """

    name: str
    leaves: Leaving = ""
    farewell: Farewell = "close"
    seconds: float = 0.0
    reads: Literal["at once", "slowly", "no more"] = "at once"
    sends: Literal["at once", "in pieces", "half"] = "at once"
    pipelines: bool = False


MANNERS: tuple[tuple[Manner, float], ...] = (
    (Manner("patient"), 12),
    (Manner("impatient", leaves="after seconds", seconds=20), 2),
    (Manner("gone soon", leaves="after seconds", seconds=1), 2),
    (Manner("gone at once", leaves="after seconds", seconds=0.05), 1),
    (Manner("resets", leaves="after seconds", farewell="reset", seconds=8), 1),
    (Manner("half-closes", leaves="after seconds", farewell="half-close", seconds=8), 1),
    (Manner("leaves mid-answer", leaves="after bytes", seconds=0.0), 2),
    (Manner("resets mid-answer", leaves="after bytes", farewell="reset"), 1),
    (Manner("leaves on arrival", leaves="when it arrives upstream", seconds=0.02), 1),
    (Manner("leaves on a word", leaves="when upstream speaks", seconds=0.02), 2),
    (Manner("reads slowly", reads="slowly"), 2),
    (Manner("stops reading", reads="no more"), 0.7),
    (Manner("sends in pieces", sends="in pieces"), 1),
    (Manner("never sends it all", sends="half"), 0.3),
    (Manner("pipelines", pipelines=True), 1),
    (Manner("pipelines and leaves", pipelines=True, leaves="after seconds", seconds=5), 0.3),
)


class Agent(msgspec.Struct, frozen=True):
    """Which protocol an agent speaks and how it asks again.

    `tries`: requests for one turn, at most. `statuses`: worth another try. `obeys`: it waits as retry-after
    says. `mid`: an answer that broke off is asked for again. `unstreamed`: the last try asks for no stream.
    `array`, `counted`, `thinks`: as in a wish, by share.
    """

    name: str
    tongue: str
    tries: int = 1
    statuses: frozenset[int] = frozenset()
    obeys: bool = True
    mid: bool = False
    unstreamed: bool = False
    streams: float = 0.9
    array: float = 0.0
    counted: float = 0.0
    thinks: float = 0.3


# Fewer tries than the real ones make: a world in which every agent asks eleven times plays nothing else.
AGENTS: tuple[tuple[Agent, float], ...] = (
    (Agent("claude-code", "anthropic", 3, frozenset({429, 500, 503}), mid=True, unstreamed=True), 4),
    (Agent("anthropic-sdk", "anthropic", 2, frozenset({429, 500, 503}), streams=0.5), 1),
    (Agent("gemini-cli", "gemini", 3, frozenset({429, 500, 503}), obeys=False, mid=True), 3),
    (Agent("genai-sdk", "gemini", 1, streams=0.6, array=0.6), 2),
    (Agent("qwen-code", "openai-chat", 2, frozenset({429, 500, 503}), counted=0.9), 2),
    (Agent("openai-sdk", "openai-chat", 3, frozenset({408, 429, 500, 503}), counted=0.5, streams=0.6), 2),
    (Agent("codex", "openai-responses", 3, frozenset({429, 500, 503}), mid=True, thinks=0.6), 3),
    (Agent("openai-sdk", "openai-responses", 2, frozenset({408, 429, 500, 503}), streams=0.5), 1),
    (Agent("opencode", "anthropic", 2, frozenset({429, 503}), mid=True), 1),
)
