"""Attempts that the end of their request's time cuts short: nobody's fault where they had little of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from peekd.healing.settings import HealingSettings
from peekd.vocabulary.outcomes import BUDGET_SPENT, AnyOutcome

_DEADLINES: Final[Mapping[str, str]] = {
    "connect_timeout": "connect_seconds",
    "write_timeout": "send_seconds",
    "read_timeout": "headers_seconds",
}
"""The deadline that was passed, by the type of the outcome. Those of a peek are the watch's own business."""

FAIR_SHARE: Final = 0.5
"""Of the request's time: an attempt that had so much of it and was silent is to be blamed for that."""


def cut_short(outcome: AnyOutcome, deadlines: HealingSettings, left: float) -> AnyOutcome:
    """Name the outcome of a deadline that lasted as long as there was time `left` when the attempt began.

    `deadlines`: those in force, none longer than that.
    """
    name = _DEADLINES.get(outcome.type)
    if name is None or getattr(deadlines, name) < left:
        return outcome
    return msgspec.structs.replace(outcome, type=BUDGET_SPENT)
