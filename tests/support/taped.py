"""Captures of requests that a playhouse was asked, as a daemon would have kept them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import trio
from playhouse import HELLO, QUICK, open_playhouse
from trio.testing import MockClock

from peekd.healing.settings import HealingSettings, HedgingSettings
from peekd.records.captures import Capture, decode_capture, encode_capture
from peekd.relay.taping import Taken, Tapes
from peekd.store.settings import Bodies


async def taped(
    plays: Mapping[str, Sequence[object]],
    *,
    wanted: Bodies = "all",
    healing: HealingSettings = QUICK,
    protocol: str = "anthropic",
    hedging: HedgingSettings | None = None,
    staged: Mapping[str, Any] = {},
    **asking: Any,
) -> list[Taken]:
    """Ask once, and give what was captured. `staged`: what else the house is opened with."""
    kept: list[Taken] = []
    body = asking.pop("body", HELLO)
    async with open_playhouse(
        plays, healing=healing, protocol=protocol, hedging=hedging, models="*", **staged
    ) as house:
        house.house.tapes = Tapes(wanted, kept.append)
        await house.ask(body, **asking)
        assert house.house.tapes.held == 0
    return kept


def taped_once(plays: Mapping[str, Sequence[object]], **more: Any) -> Capture:
    """Do so in a loop of its own; what was written and read again."""

    async def ask() -> list[Taken]:
        return await taped(plays, **more)

    (taken,) = trio.run(ask, clock=MockClock(autojump_threshold=0))
    return decode_capture(encode_capture(taken.capture, taken.secrets))
