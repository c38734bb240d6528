"""One attempt: its deadlines, and what it leaves behind."""

from typing import Any

import pytest
import trio
from playhouse import QUICK, open_playhouse

from peekd.healing.settings import HealingSettings
from peekd.relay.calls import Calls
from peekd.relay.trying import capped

Clock = trio.testing.MockClock


async def test_what_is_made_before_an_account_is_taken_is_sent_and_only_once(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = Calls.make, list[str]()

    def noted(calls: Calls, *named: Any) -> Any:
        made.append(named[-1])
        return make(calls, *named)

    monkeypatch.setattr(Calls, "make", noted)
    async with open_playhouse({"alice": ["429 retry-after=90"], "bob": ["empty", "answer"]}) as playhouse:
        told = await playhouse.ask()
        assert [attempt.account for attempt in told.record.attempts] == ["alice", "bob", "bob"]
        assert made == ["alice", "bob", "bob"]


def test_deadlines_end_with_the_budget() -> None:
    settings = HealingSettings(connect_seconds=10, send_seconds=60, headers_seconds=60)
    ended = capped(settings, 30)
    assert (ended.connect_seconds, ended.send_seconds, ended.headers_seconds) == (10, 30, 30)
    assert capped(settings, 1000) == settings
    assert capped(settings, 1000, streams=False).headers_seconds == settings.reasoning_seconds
    assert capped(settings, 30, streams=False).headers_seconds == 30
    assert capped(QUICK, 1).peek_seconds == QUICK.peek_seconds  # the watch itself knows when the budget ends
