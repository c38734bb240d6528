"""The policy in force as a table: what an outcome means, what is done, what a person can do. Pure."""

from __future__ import annotations

from typing import get_args

import msgspec

from peekd.healing.policy import REPEAT, Policy, Rule
from peekd.records.advice import ADVICE
from peekd.vocabulary.outcomes import AnyOutcome, Outcome, name_of

_PLACES = {"account": "the account", "upstream": "the upstream", "model": "the model"}


class Row(msgspec.Struct, frozen=True):
    """One outcome."""

    outcome: str
    meaning: str
    ladder: str
    pause: str
    advice: str


def rows_of(policy: Policy) -> list[Row]:
    """Give the rows in the order of the outcomes."""
    kinds: tuple[type[Outcome], ...] = get_args(AnyOutcome)
    return [_row(name_of(kind), (kind.__doc__ or "").strip().splitlines()[0], policy) for kind in kinds]


def _row(name: str, meaning: str, policy: Policy) -> Row:
    rule = policy[name]
    ladder = [*rule.ladder, *([REPEAT] if rule.repeat else [])]
    advice = ADVICE.get(name, "")
    return Row(name, meaning, ", ".join(ladder) or "gives up", _pause(rule), advice.format(**_PLACES))


def _pause(rule: Rule) -> str:
    if not rule.pace or not rule.base:
        return "none"
    limit = "" if rule.pace == "fixed" else f", at most {rule.cap:g} s"
    return f"{rule.pace}, {rule.base:g} s{limit}"
