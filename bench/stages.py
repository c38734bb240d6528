"""The kinds of load, each as one row: what is asked, how many at once, for how long, and how CPU is told."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

KB = 1000


class Unit(StrEnum):
    """What CPU is counted for."""

    REQUEST = "ms/request"
    EVENT = "\N{MICRO SIGN}s/event"


class Group(StrEnum):
    """What stands in one table."""

    CPU = "CPU"
    FIRST = "added time to the first piece of text"
    DELAY = "added delay of a piece"
    CUT = "client gone until the upstream sees it"
    RATE = "events a second, as many as it can"
    REST = "start and memory"
    CROWD = "1,000 streams opened within a second"


class Stage(NamedTuple):
    """One kind of load: answers of `events` pieces, `rate` a second (0: all at once), `at_once` of them.

    `flow`: the way through the system (systems.FLOWS). `size`: about how many bytes a request has (0: few).
    `once`: each connection asks once; else again and again. `seconds`: how long is measured; 0: until all
    is done.
    """

    name: str
    title: str
    groups: tuple[Group, ...]
    events: int = 1
    rate: float = 0.0
    at_once: int = 1
    flow: str = "pass"
    size: int = 0
    seconds: float = 3.0
    once: bool = False
    opening: float = 0.0
    unit: Unit = Unit.REQUEST
    rounds: int = 1000
    """At most so many rounds."""
    cut: bool = False
    """Streams are let go when all is measured."""
    cuts: int = 0
    """Streams to be closed in the middle, one after another."""
    starts: bool = False
    """The system is only started, and left to rest."""

    def model(self, hurry: float = 1.0) -> str:
        """What the upstream is told by the model's name: streams last longer than is measured."""
        events = self.events
        if self.once and self.seconds and not self.cut:
            events = round(self.rate * (self.seconds * hurry + self.opening + SETTLE + SPARE))
        elif self.once and not self.cut:
            events = round(events * hurry)
        return f"sim-{events}-{self.rate:g}"


SETTLE = 0.5
"""Seconds from the last connection's first piece to the beginning of measuring."""

SPARE = 1.0
"""Seconds that a paced stream goes on after that; so long a system may take until all streams have begun."""


def _ways(stage: Stage, *flows: str) -> list[Stage]:
    """The same load on several ways."""
    told = {"pass": "", "gemini": ", Gemini to Anthropic", "chat": ", Anthropic to OpenAI Chat"}
    return [
        stage._replace(
            name=stage.name + ("" if flow == "pass" else f"-{flow}"),
            title=stage.title + told[flow],
            flow=flow,
        )
        for flow in flows
    ]


_REQUEST = Stage("request", "a request with 1 event", (Group.CPU, Group.FIRST))
_BURST = Stage("burst", "an event of 500 at once, 8 streams", (Group.CPU,), 500, at_once=8, unit=Unit.EVENT)
_PACED = Stage(
    "paced",
    "an event at 100/s, 64 streams",
    (Group.CPU,),
    rate=100,
    at_once=64,
    seconds=6.0,
    once=True,
    opening=0.5,
    unit=Unit.EVENT,
)
_LARGE = Stage("first-500k", "a request of 500 KB", (Group.FIRST, Group.CPU), size=500 * KB)
_AGENT = Stage("agent-1m", "an agent's request of 1 MB", (Group.CPU,), size=1000 * KB)
_DELAY = _PACED._replace(
    name="delay", title="50 streams at 80/s", groups=(Group.DELAY,), rate=80, at_once=50, seconds=5.0
)
_MOST = Stage("most-64", "64 streams", (Group.RATE,), 100, at_once=64, unit=Unit.EVENT)

STAGES: tuple[Stage, ...] = (
    Stage("start", "start, and rest", (Group.REST,), starts=True, rounds=3),
    Stage(
        "idle",
        "1,000 streams that say nothing",
        (Group.REST,),
        2,
        rate=0.001,
        at_once=500,
        seconds=2.0,
        once=True,
        opening=1.0,
        cut=True,
        rounds=1,
    ),
    *_ways(_REQUEST, "pass", "gemini", "chat"),
    *_ways(_BURST, "pass", "gemini", "chat"),
    *_ways(_PACED, "pass", "gemini", "chat"),
    *_ways(_LARGE, "pass", "gemini"),
    *_ways(_AGENT, "pass", "gemini"),
    *_ways(_DELAY, "pass", "gemini"),
    *_ways(_MOST, "pass", "gemini"),
    *_ways(_MOST._replace(name="most-256", title="256 streams", at_once=256), "pass"),
    Stage("cancel", "streams cut in the middle", (Group.CUT,), 900, rate=50, cuts=20, rounds=2),
    Stage(
        "crowd",
        "1 event/s for 20 s",
        (Group.CROWD,),
        20,
        rate=1,
        at_once=1000,
        seconds=0.0,
        once=True,
        opening=1.0,
        unit=Unit.EVENT,
        rounds=1,
    ),
)
"""In the order in which they are run: memory before any load, the crowd last."""
