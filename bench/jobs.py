"""What the benchmark's client is told to do, and what it tells of it: two objects that go through JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Job:
    """What to ask of whom, and what to watch meanwhile.

    Without `seconds`, each connection asks its share of `requests`. With it, asking goes on until so many
    seconds have been measured; they begin `settle` seconds after every connection had its first piece, or
    `latest` seconds after they all were opened.
    `once`: each connection asks only once. `cut`: when all is measured, what still streams is let go.
    """

    port: int
    tongue: str = "anthropic"
    model: str
    size: int = 0
    requests: int = 0
    at_once: int = 1
    opening: float = 0.0
    """Seconds over which the connections are opened."""
    seconds: float = 0.0
    settle: float = 0.0
    latest: float = 10.0
    once: bool = False
    cut: bool = False
    patience: float = 30.0
    """Longest time without any news."""
    system: Sequence[int] = ()
    """Processes of what is measured, and the core that they have."""
    core: int = 0
    upstream: Sequence[int] = ()
    cuts: int = 0
    """Streams to close in the middle, one after another."""
    control: int = 0
    """The upstream's port, where it tells what it saw."""


@dataclass
class Found:
    """What a job found; times in seconds, CPU in seconds, memory in MB."""

    seconds: float = 0.0
    """How long was measured."""
    events: int = 0
    requests: int = 0
    system: float = 0.0
    upstream: float = 0.0
    client: float = 0.0
    others: float = 0.0
    """What other programs took of the system's core."""
    first: list[float] = field(default_factory=list[float])
    """From each request to its first piece."""
    delays: dict[str, float] = field(default_factory=dict[str, float])
    """From the upstream's send to our read, p50, p99 and most of all pieces."""
    before: float = 0.0
    peak: float = 0.0
    """Resident memory of the system when it began, and the most of it."""
    asked: int = 0
    failed: int = 0
    lost: int = 0
    """Pieces that did not come."""
    words: str = ""
    """What the first failed answer was."""
    cuts: list[float] = field(default_factory=list[float])
