"""One attempt or two: without the option there is one, and no task more."""

from __future__ import annotations

import pytest
import trio
from playhouse import open_playhouse

from peekd.relay import asking

Clock = trio.testing.MockClock


async def test_without_the_option_nothing_is_raced(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_playhouse({"alice": ["answer delay=10"], "bob": ["answer"]}) as playhouse:
        monkeypatch.setattr(asking, "Race", None)
        told = await playhouse.ask()
        assert len(told.record.attempts) == 1
        assert playhouse.house.hedges.bucket.level == 0
