"""Worlds that lean to what comes up too seldom in the others: hedges around limits, texts that go on.

Which worlds do follows from their seeds alone, by dice of their own: all others stay what they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from peekd.config.schema import Settings
from peekd.healing.settings import HedgingSettings, RouteSettings
from simulation.dice import Dice
from simulation.moods import Climate
from simulation.settings import Plan
from simulation.tongues import MODEL_AT, TONGUES


class Leaning(msgspec.Struct, frozen=True):
    """What a world leans to. `acts`: what most requests come to, by weight. `at`: who serves all models.

    `options`: what its routes allow, and in which share of them. `attempts`: the least that a request has.
    """

    name: str
    acts: tuple[tuple[str, float], ...] = ()
    at: str = ""
    options: Mapping[str, float] = {}
    attempts: int = 1
    hedging: HedgingSettings | None = None

    def plan(self, plan: Plan, dice: Dice) -> Plan:
        """Give a plan whose settings let it come to that."""
        if not self.acts:
            return plan
        return msgspec.structs.replace(plan, settings=self._settings(plan.settings, dice))

    def _settings(self, settings: Settings, dice: Dice) -> Settings:
        routes = tuple(self._route(own, model, dice) for own in TONGUES for model in TONGUES[own].models)
        healing = settings.healing
        free: dict[str, Any] = {"max_concurrent": 0, "requests_per_minute": 0, "reserve": 0.0}
        return msgspec.structs.replace(
            settings,
            routes=routes,
            accounts=tuple(msgspec.structs.replace(account, **free) for account in settings.accounts),
            healing=msgspec.structs.replace(
                healing,
                max_attempts=max(healing.max_attempts, self.attempts),
                max_accounts=max(healing.max_accounts, self.attempts),
            ),
            hedging=self.hedging or settings.hedging,
        )

    def _route(self, own: str, model: str, dice: Dice) -> RouteSettings:
        at = self.at or own
        goal = f"{at.replace('openai-', '')}/{MODEL_AT[at]}" if at != own else at.replace("openai-", "")
        options = {name: dice.chance(share) for name, share in self.options.items()}
        return msgspec.convert({"match": model, "to": (goal,), **options}, RouteSettings)

    def sky(self, sky: Climate) -> Climate:
        """Give the climate that its upstreams have."""
        return msgspec.structs.replace(sky, leans=self.acts, quotas={}, storms=()) if self.acts else sky


PLAIN = Leaning("plain")

HURRIED = Leaning(
    "hedges around limits",
    acts=(("429", 2.0), ("529", 1.0), ("answer delay=2", 4.0), ("hang seconds=3", 1.0), ("answer", 2.0)),
    options={"hedge": 0.8},
    attempts=4,
    hedging=HedgingSettings(min_seconds=0.3, max_seconds=0.3, max_share=1.0),
)

BROKEN_OFF = Leaning(
    "texts that go on",
    acts=(("reset at=middle", 3.0), ("cut", 2.0), ("stall at=middle", 0.5), ("answer", 4.0)),
    at="anthropic",
    options={"continue_text": 0.8, "tool_boundary": 0.3, "hedge": 0.2},
    attempts=4,
)

ROWS = ((PLAIN, 0.76), (HURRIED, 0.12), (BROKEN_OFF, 0.12))


def leaning_of(seed: object) -> Leaning:
    """Give what the world of this seed leans to.

    >>> [leaning_of(seed).name for seed in (70, 1)]
    ['plain', 'plain']
    """
    return Dice(f"{seed}/leaning").weighed(ROWS)
