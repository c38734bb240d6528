"""What peekd is to reach, as rows: a figure of a stage, as it is or beside another's, and its two marks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Medians = Mapping[tuple[str, str], Mapping[str, float]]
"""Figures by stage and system."""

PRODUCT = "peekd"


class Goal(NamedTuple):
    """`figure` of `stage` divided by that of the system `over`, or less it (`added`), or as it is."""

    said: str
    stage: str
    figure: str
    must: float
    aim: float | None = None
    over: str = ""
    added: bool = False
    unit: str = ""

    def reached(self, medians: Medians) -> float | None:
        """What it came to; None if that was not measured."""
        own = medians.get((self.stage, PRODUCT), {}).get(self.figure)
        if own is None or not self.over:
            return own
        other = medians.get((self.stage, self.over), {}).get(self.figure)
        if other is None:
            return None
        if self.added:
            return max(own - other, 0.0)
        return own / other if other else None

    def words(self) -> str:
        """What it is about, and beside what."""
        beside = f", {'added to' if self.added else 'times'} {self.over}" if self.over else ""
        return self.said + beside

    def stages(self) -> tuple[tuple[str, str], ...]:
        """What has to be measured for it: a stage of a system, each."""
        return ((self.stage, PRODUCT), *(((self.stage, self.over),) if self.over else ()))

    def verdict(self, value: float) -> str:
        """In a word or two."""
        if value > self.must:
            return "NOT reached"
        return (
            "reached" if self.aim is None else "aim reached" if value <= self.aim else "must reached, aim not"
        )


GOALS = (
    Goal("CPU/event paced, pass-through", "paced", "cpu", 2.0, 1.35, "relay"),
    Goal("CPU/event paced, pass-through", "paced", "cpu", 0.6, None, "litellm"),
    Goal("CPU/event paced, Gemini to Anthropic", "paced-gemini", "cpu", 0.12, 0.08, "litellm"),
    Goal("CPU/event paced, Gemini to Anthropic", "paced-gemini", "cpu", 1.2, 0.85, "claude-code-router"),
    Goal("CPU/event in bursts, pass-through", "burst", "cpu", 0.2, 0.1, "litellm"),
    Goal("CPU/event in bursts, Gemini to Anthropic", "burst-gemini", "cpu", 0.015, 0.0075, "litellm"),
    Goal("CPU/request, pass-through", "request", "cpu", 1 / 10, 1 / 30, "litellm"),
    Goal("CPU/request, Gemini to Anthropic", "request-gemini", "cpu", 1 / 10, 1 / 30, "litellm"),
    Goal("CPU/request, pass-through", "request", "cpu", 0.4, 0.15, "claude-code-router"),
    Goal("CPU/request, Gemini to Anthropic", "request-gemini", "cpu", 0.4, 0.15, "claude-code-router"),
    Goal("added first meaning, p50", "request", "first50", 1.2, 0.5, "direct", added=True, unit="ms"),
    Goal("added first meaning, p99", "request", "first99", 6.0, 2.0, "direct", added=True, unit="ms"),
    Goal("agent's request of 1 MB, Gemini to Anthropic", "agent-1m-gemini", "cpu", 10.0, unit="ms"),
    Goal("1,000 streams: events lost", "crowd", "lost", 0.0),
    Goal("1,000 streams: first event, p99", "crowd", "first99", 1500.0, 300.0, unit="ms"),
    Goal("1,000 streams: memory grown by", "crowd", "grown", 45.0, 25.0, unit="MB"),
    Goal("resident idle", "start", "idle", 60.0, 40.0, unit="MB"),
    Goal("start-up", "start", "start", 0.8, 0.4, unit="s"),
)
