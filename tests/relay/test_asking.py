"""One attempt or two: without the option there is one, and no task more."""

from __future__ import annotations

import pytest
import trio
from front import open_caller
from playhouse import HELLO, open_playhouse
from townhouse import open_townhouse

from peekd.healing.hedge import Bucket
from peekd.healing.settings import HedgingSettings
from peekd.relay import asking
from peekd.relay.hedging import Hedges
from peekd.relay.passage import Passage
from peekd.vocabulary import outcomes as o

Clock = trio.testing.MockClock


async def test_without_the_option_nothing_is_raced(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_playhouse({"alice": ["answer delay=10"], "bob": ["answer"]}) as playhouse:
        monkeypatch.setattr(asking, "Race", None)
        told = await playhouse.ask()
        assert len(told.record.attempts) == 1
        assert playhouse.house.hedges.bucket.level == 0


async def test_a_bug_in_one_of_two_ends_both_and_is_told_as_ours(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    plays: dict[str, list[object]] = {"alice": ["answer delay=10"], "bob": ["answer"]}
    async with open_townhouse(
        {"up": {"protocol": "anthropic"}},
        accounts=[{"name": name, "upstream": "up"} for name in plays],
        plays=plays,
        routes=[{"match": "*", "to": ["up"], "hedge": True}],
    ) as playhouse:
        playhouse.house.hedges = Hedges(HedgingSettings(min_seconds=1, max_seconds=1))
        playhouse.house.hedges.bucket = Bucket(1.0)
        whole = Passage.peek

        async def fail(passage: Passage) -> o.AnyOutcome:
            await whole(passage)
            raise RuntimeError("planted")

        monkeypatch.setattr(Passage, "peek", fail)
        async with open_caller(playhouse) as caller:
            await caller.ask(HELLO)
            await caller.read_until(b"api_error")
        assert caller.got.startswith(b"HTTP/1.1 500 ")
        playhouse.assert_nothing_left()
